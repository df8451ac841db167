// A WebSocket that lets others look on: what the SDK writes and hears is what the page shows.

/**
 * Return a class that does what WebSocket does.
 *
 * @param onFrame called with "written" or "heard", the frame, and the url of the node
 */
export function watchedSocket(onFrame) {
  return class WatchedSocket extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols);
      this.address = url;
      this.addEventListener("message", ({ data }) => this.#see("heard", data));
    }

    send(data) {
      this.#see("written", data);
      super.send(data);
    }

    #see(direction, data) {
      let frame;
      try {
        frame = JSON.parse(data);
      } catch {
        return; // the SDK deals with what is no frame
      }
      onFrame(direction, frame, this.address);
    }
  };
}
