import { applyDatasetEdits, type DatasetEdit, readDatasetEdits } from '../../data/source/dataset-edits.js';
import { checkDataset } from '../../data/scan/check-dataset.js';
import { type ImageScan, nameOfScan } from '../../data/scan/image-scan.js';
import { count } from '../../text/amounts.js';
import { quoted } from '../../text/printable.js';
import { tell } from '../../text/tell.js';
import type { TrainModelOptions } from './train-model-options.js';

/** Changes to the data sets that `--exclude` and `--relabel` ask for. */
export class EditsOfFlags {
  private constructor(private readonly edits: readonly DatasetEdit[]) {}

  /** @throws SignetError `INVALID_DATASET` for a file that cannot be used. */
  static async read({
    exclude,
    relabel,
  }: Partial<Pick<TrainModelOptions, 'exclude' | 'relabel'>>): Promise<EditsOfFlags> {
    const read = async (file: string | undefined, wanted: DatasetEdit['action']) =>
      file === undefined ? [] : (await readDatasetEdits(file)).filter(({ action }) => action === wanted);
    return new EditsOfFlags([...(await read(relabel, 'relabel')), ...(await read(exclude, 'exclude'))]);
  }

  get isEmpty(): boolean {
    return this.edits.length === 0;
  }

  /**
   * Makes the changes to a scan, and reports how many they were and which images are not there.
   *
   * @param sets Whose edits count: a source of which the test images are split off has those of both.
   * @throws SignetError `INVALID_DATASET`, also when a class has no image left.
   */
  apply(scan: ImageScan, sets: readonly DatasetEdit['set'][]): ImageScan {
    const own = this.edits.filter(({ set }) => sets.includes(set));
    if (own.length === 0) return scan;
    const { scan: edited, excluded, relabelled, unknown } = applyDatasetEdits(scan, own);
    const name = nameOfScan(scan);
    if (excluded > 0)
      tell(`  ${count(excluded, 'image')} of ${name} ${excluded === 1 ? 'is' : 'are'} left out: --exclude`);
    if (relabelled > 0)
      tell(`  ${count(relabelled, 'image')} of ${name} ${relabelled === 1 ? 'has' : 'have'} another label: --relabel`);
    if (unknown.length > 0) tell(unknownText(name, unknown));
    if (edited.list === undefined) checkDataset(edited, []);
    return edited;
  }
}

function unknownText(name: string, unknown: readonly string[]): string {
  const more = unknown.length > 5 ? ', …' : '';
  return `  warning: ${count(unknown.length, 'image')} to be changed ${unknown.length === 1 ? 'is' : 'are'} not in ${name}: ${quoted(unknown.slice(0, 5))}${more}`;
}
