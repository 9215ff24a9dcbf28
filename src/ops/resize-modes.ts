/** How pictures of another shape become pictures of the size that a model takes; apart, for clients that do without TensorFlow. */
export const resizeModes = ['squash', 'crop', 'pad'] as const;
/** How pictures of another shape are brought to the size that a model takes. */
export type ResizeMode = (typeof resizeModes)[number];
