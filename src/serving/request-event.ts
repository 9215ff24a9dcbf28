import { jsonText } from '../text/printable.js';
import type { StatusCode } from './serving-error.js';

/** Event for the access log and the metrics when a request has been answered. */
export interface RequestEvent {
  /** Protocol of the request. */
  readonly api: 'grpc' | 'rest';
  /** TensorFlow Serving's name of the method, such as `Predict` or `GetModelStatus`. */
  readonly method: string;
  /** As the client wrote it, which may not be a model's name; empty if the request names none. */
  readonly model: string;
  /** Version that answered. Default: none did. */
  readonly version?: number | undefined;
  /** Default: the method has none, or the request was refused before. */
  readonly signature?: string | undefined;
  /** Outcome by gRPC's name; REST has it too. */
  readonly status: 'OK' | StatusCode;
  /** HTTP status that REST answered with. Default: it was not REST. */
  readonly httpStatus?: number;
  /** Time from the arrival of the request to the end of the answer. */
  readonly milliseconds: number;
  /** Size of the message or the body. */
  readonly requestBytes: number;
  /** Size of the answer's message or body. */
  readonly responseBytes: number;
}

/** Facts about a request that are found out while it is answered. */
export type RequestSubject = Partial<Pick<RequestEvent, 'model' | 'version' | 'signature'>>;

/** A request as a line of JSON: it has the keys of `RequestEvent`, times in milliseconds, and `time` in front. */
export function accessLogLine({ milliseconds, ...event }: RequestEvent, now = new Date()): string {
  const line = { time: now.toISOString(), ...event, milliseconds: Math.round(milliseconds * 1000) / 1000 };
  return `${jsonText(line)}\n`;
}
