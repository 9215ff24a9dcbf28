import { toBinary } from '@bufbuild/protobuf';

import { InceptionModel, LenetModel, MobileNetModel, ResnetModel } from '../src/index.js';
import { FunctionDefSchema } from '../src/tensorflow/protos/tensorflow/core/framework/function_pb.js';
import { isTfFunction } from '../src/tracing/tf-function.js';

/**
 * `npx tsx bench/tracing.ts [model ...]`: how long the functions of a classifier take to trace, in seconds of processor time (so that other work on
 * the machine does not count), and their size in bytes as functions of a graph.
 */
const models = { lenet: LenetModel, resnet: ResnetModel, mobilenet: MobileNetModel, inception: InceptionModel };
const wanted = process.argv.slice(2);

for (const [name, Model] of Object.entries(models)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const model = new Model({ classNames: ['cat', 'dog', 'owl'], seed: 1 });
  const before = process.cpuUsage();
  const graphs = Object.values(model).filter(isTfFunction).map((fn) => fn.getConcreteFunction()); // prettier-ignore
  const { user, system } = process.cpuUsage(before);
  const library = new Map(graphs.flatMap((graph) => graph.library).map((fn) => [fn.name, fn]));
  const bytes = [...library.values()].reduce((sum, fn) => sum + toBinary(FunctionDefSchema, fn.definition).length, 0);
  console.log(`${name}: ${((user + system) / 1e6).toFixed(2)} s, ${library.size} functions, ${bytes} bytes`);
}
