/** Counts up when what is compiled into the addon changes, so that one built before is taken neither from the cache nor as set up. */
export const addonRevision = 6;
