import { patchSource } from './patch-source.js';

/** Code of tfjs-node 4.22 that disposes of a string tensor: it frees the strings even if other tensors share them. */
const original = `    // Deallocate each string
    for (size_t i = 0; i < num_elements; i++) {
      TF_TString_Dealloc(data + i);
    }
  };
`;

/** The strings are freed by the last tensor that holds them; `TF_TensorMaybeMove` gives a tensor that nobody shares. */
const patched = `    TFE_DeleteTensorHandle(tensor_handle);
    tfe_handle_map_.erase(tensor_entry);
    if (TF_TensorMaybeMove(tensor.tensor) == nullptr) return;
    for (size_t i = 0; i < num_elements; i++) {
      TF_TString_Dealloc(data + i);
    }
    return;
  };
`;

/**
 * Mends `DeleteTensor` of the addon's tfjs_backend.cc: after `tf.reshape(strings, [-1]).dispose()` the strings that were
 * reshaped would be empty. See docs/decisions/0007.
 *
 * @throws SignetError `SET_UP_FAILED` when the source is not that of tfjs-node 4.22.
 */
export function mendSharedStrings(source: string): string {
  return patchSource(source, original, patched, 'tfjs_backend.cc, DeleteTensor');
}
