import { create } from '@bufbuild/protobuf';

import {
  type ModelSpec as SpecMessage,
  ModelSpecSchema,
} from '../../tensorflow/protos/tensorflow_serving/apis/model_pb.js';
import { defaultSignature } from '../limits/check-request.js';
import { servableNotFound } from '../model-not-found.js';
import type { ModelSpec, ServedVersion } from '../model-server.js';
import { ServingError } from '../serving-error.js';

/**
 * Reads which model a message refers to.
 *
 * Source of the texts: tensorflow_serving/model_servers/server_core.cc, `ServableRequestFromModelSpec`.
 *
 * @throws ServingError `INVALID_ARGUMENT` for none; `NOT_FOUND` for a version that is too large for a number in JavaScript.
 */
export function readModelSpec(message: SpecMessage | undefined): ModelSpec {
  if (!message) throw new ServingError('INVALID_ARGUMENT', 'Missing ModelSpec');
  const { name, versionChoice } = message;
  if (name === '') throw new ServingError('INVALID_ARGUMENT', 'ModelSpec has no name specified.');
  switch (versionChoice.case) {
    case 'version': {
      const { value } = versionChoice.value;
      const version = Number(value);
      if (Number.isSafeInteger(version)) return { name, version };
      throw servableNotFound(name, value);
    }
    case 'versionLabel':
      return { name, label: versionChoice.value };
    case undefined:
      return { name };
  }
}

/** The signature that a message refers to. */
export function signatureNameOf(message: SpecMessage | undefined): string {
  const name = message?.signatureName ?? '';
  return name === '' ? defaultSignature : name;
}

/** The model, version and signature that answered. */
export function writeModelSpec({ name, version }: ServedVersion, signatureName = ''): SpecMessage {
  const versionChoice = { case: 'version', value: { value: BigInt(version) } } as const;
  return create(ModelSpecSchema, { name, versionChoice, signatureName });
}
