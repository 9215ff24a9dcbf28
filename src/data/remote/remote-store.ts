/** A remote file, as its store describes it. */
export interface RemoteFile {
  readonly location: string;
  /** In bytes. */
  readonly size: number;
  /** Distinguishes this content from an earlier or later one: an ETag, a generation or a time. */
  readonly version: string;
}

/** Files on another machine. Every method rejects with a `RemoteFailure`, or with the signal's reason. */
export interface RemoteStore {
  /**
   * Lists the files that are directly in a folder.
   *
   * @param most Maximum length of the list; a longer one rejects.
   * @returns Their names; null if the store cannot list.
   */
  list(folder: string, most: number, signal: AbortSignal): Promise<readonly string[] | null>;
  /** @returns Null if there is no such file. */
  describe(location: string, signal: AbortSignal): Promise<RemoteFile | null>;
  /** Reads a range, which is within the file. @returns Exactly that many bytes. */
  read(file: RemoteFile, offset: number, length: number, signal: AbortSignal): Promise<Uint8Array>;
}

/** Reason why a store did not return what was requested. */
export class RemoteFailure extends Error {
  override readonly name = 'RemoteFailure';

  constructor(
    /** `passing`: another try may succeed. `denied`: the credentials are missing, wrong or expired. `refused`: anything else. */
    readonly kind: 'passing' | 'denied' | 'refused',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** The failure that corresponds to an HTTP status. */
  static ofStatus(status: number, words: string, cause?: unknown): RemoteFailure {
    const isPassing = [408, 425, 429].includes(status) || status >= 500;
    const isDenied = status === 401 || status === 403;
    return new RemoteFailure(isPassing ? 'passing' : isDenied ? 'denied' : 'refused', words, { cause });
  }

  /** The failure for a file that has changed in the meantime. */
  static changed(): RemoteFailure {
    return new RemoteFailure('refused', 'it has changed since it was scanned');
  }
}

/** Joins the pieces of an answer. @throws RemoteFailure if it has more or fewer bytes than were requested. */
export async function joinPieces(pieces: AsyncIterable<Uint8Array>, length: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  for await (const piece of pieces) {
    if (filled + piece.length > length) throw new RemoteFailure('refused', 'the server sends more than was requested');
    bytes.set(piece, filled);
    filled += piece.length;
  }
  if (filled < length) throw new RemoteFailure('passing', `the answer ended after ${filled} of ${length} bytes`);
  return bytes;
}
