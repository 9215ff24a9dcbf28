/** The Python that wheels are requested for; their C++ library is the same for every Python. */
export const wheelPython = '3.12';

/** One file of the Python package index, pinned to its content. */
export interface Wheel {
  readonly package: string;
  readonly version: string;
  /** pip's platform tag, without which pip would choose for the Python that runs it. */
  readonly platform: string;
  readonly file: string;
  readonly sha256: string;
  /** Size of the download; `undefined` if nobody has downloaded it yet. */
  readonly bytes?: number;
}

/** The pip command that downloads a wheel, without the folder: a person can run it on another machine. */
export function pipDownloadArguments(wheel: Wheel): string[] {
  return [
    ...['download', '--no-deps', '--only-binary=:all:', '--python-version', wheelPython],
    ...['--platform', wheel.platform, `${wheel.package}==${wheel.version}`],
  ];
}
