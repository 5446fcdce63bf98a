/** Sends files in a way in which no browser ever runs what is in them. */
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { create as contentDisposition } from "content-disposition";
import type { FastifyReply } from "fastify";

/** A file on its way out. */
export interface Download {
  /** As people call it. */
  readonly name: string;
  readonly mimetype: string;
  /** Bytes, where that is known. */
  readonly size?: number;
  readonly stream: Readable;
  readonly headers?: Readonly<Record<string, string>>;
  /** Called when it is out, or the client has gone. */
  readonly close?: () => Promise<void>;
}

/**
 * Sends a file; resolves once it is out, or the client has gone.
 *
 * It is to be saved, never shown: what users have stored must not run in the name of this server.
 */
export async function sendDownload(reply: FastifyReply, download: Download): Promise<FastifyReply> {
  const { name, mimetype, size, stream, headers = {}, close } = download;
  reply.headers({
    ...headers,
    "content-type": mimetype,
    "content-disposition": contentDisposition(plainName(name), { type: "attachment" }),
    "content-security-policy": "default-src 'none'; sandbox",
    ...(size === undefined ? {} : { "content-length": String(size) }),
  });
  const out = finished(stream).catch(() => {}); // whoever sends it has been told of the error too
  reply.send(stream);
  await out;
  await close?.();
  return reply;
}

/** What would be a path on the client's machine becomes the name at its end. */
export function plainName(name: string): string {
  return name.split(/[\\/]/).at(-1) || "file";
}
