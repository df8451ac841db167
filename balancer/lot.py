"""Drawing lots: a fair choice among the unequal, and an order of all of them.

Pure: the random number comes as an argument.
"""

import math


def draw_lot(weight: float, uniform: float) -> float:
    """Return a lot; of several, the smallest falls to each in proportion to its weight.

    The lots are exponentially distributed with the weight as their rate. The minimum of such
    variables is the i-th with probability `weight_i / sum of weights`, and what follows it is the
    same choice among the rest, so sorting by lot gives a weighted order without replacement
    (Efraimidis and Spirakis, 2006).

    Args:
        weight: above 0.
        uniform: a number from 0 up to, not including, 1: random, or the hash of something.
    """
    return -math.log1p(-uniform) / weight
