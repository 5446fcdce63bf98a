/** Sends bytes over a socket of its own and gives what comes back: for requests that no HTTP client would send. */
import { connect } from "node:net";

/**
 * @param port on this machine
 * @param bytes the whole request; it should ask for `Connection: close`
 * @param options `thenClose`: hang up after sending, without waiting for an answer
 * @returns everything that the server sent until it closed the connection
 */
export function rawRequest(
  port: number,
  bytes: string | Buffer,
  options: { readonly thenClose?: boolean } = {},
): Promise<string> {
  return new Promise((resolve) => {
    const received: Buffer[] = [];
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(bytes, () => {
        if (options.thenClose) socket.destroy();
      });
    });
    socket.on("data", (chunk: Buffer) => received.push(chunk));
    // A reset is an answer too: the server did not want to hear more.
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(Buffer.concat(received).toString("latin1")));
  });
}
