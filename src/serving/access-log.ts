import type { RequestEvent } from './request-event.js';

/** A request as a line of JSON: its keys are those of `RequestEvent`, times in milliseconds, with `time` in front. */
export function accessLogLine({ milliseconds, ...event }: RequestEvent, now = new Date()): string {
  return `${JSON.stringify({ time: now.toISOString(), ...event, milliseconds: Math.round(milliseconds * 1000) / 1000 })}\n`;
}
