/**
 * C++ of a program that calls the LiteRT converter inside TensorFlow's own library: `converter LIBRARIES SAVED_MODEL SIGNATURE QUANTIZATION
 * OUTPUT`. It exits 0, or 3 with the reason in the last line of standard error.
 *
 * The library exports the function, and no header declares it for C++ users: its name belongs to TensorFlow 2.21, as do the field
 * numbers of the two messages of flags. Source: tensorflow/compiler/mlir/lite/python/saved_model_to_tfl_flatbuffer.h,
 * tensorflow/compiler/mlir/lite/{model_flags,converter_flags}.proto.
 */
export const converterSource = `#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <string>

namespace {

struct Arena;
using Constructor = void (*)(void*, Arena*);
using Parse = bool (*)(void*, const void*, int);
// absl::Status is one word, returned through a hidden pointer since it has a destructor.
struct Status {
  uintptr_t word;
  ~Status() {}
};
using Convert = Status (*)(const void*, void*, std::string*, const void*);
using ToString = std::string (*)(uintptr_t, int);

[[noreturn]] void Fail(const char* what, const char* why) {
  fprintf(stderr, "%s: %s\\n", what, why);
  fflush(stderr);
  _exit(3);
}

void* Library(const char* path) {
  void* library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
  if (!library) Fail("TensorFlow's library cannot be loaded", dlerror());
  return library;
}

template <typename Function>
Function Symbol(void* library, const char* name) {
  void* symbol = dlsym(library, name);
  if (!symbol) Fail("TensorFlow's library lacks", name);
  return reinterpret_cast<Function>(symbol);
}

void AppendVarint(std::string& out, uint64_t value) {
  for (; value >= 128; value >>= 7) out.push_back(static_cast<char>(value | 128));
  out.push_back(static_cast<char>(value));
}

void AppendNumber(std::string& out, int field, uint64_t value) {
  AppendVarint(out, static_cast<uint64_t>(field) << 3);
  AppendVarint(out, value);
}

void AppendText(std::string& out, int field, const std::string& text) {
  AppendVarint(out, static_cast<uint64_t>(field) << 3 | 2);
  AppendVarint(out, text.size());
  out += text;
}

}  // namespace

// converter LIBRARIES SAVED_MODEL SIGNATURE QUANTIZATION OUTPUT
int main(int argc, char** argv) {
  if (argc != 6) Fail("usage", "converter LIBRARIES SAVED_MODEL SIGNATURE none|float16|dynamic OUTPUT");
  const std::string libraries = argv[1], quantization = argv[4];
  void* framework = Library((libraries + "/libtensorflow_framework.so.2").c_str());
  void* cc = Library((libraries + "/libtensorflow_cc.so.2").c_str());
  auto make_model = Symbol<Constructor>(framework, "_ZN6tflite10ModelFlagsC1EPN6google8protobuf5ArenaE");
  auto make_converter = Symbol<Constructor>(framework, "_ZN6tflite14ConverterFlagsC1EPN6google8protobuf5ArenaE");
  auto parse = Symbol<Parse>(framework, "_ZN6google8protobuf11MessageLite14ParseFromArrayEPKvi");
  auto convert = Symbol<Convert>(
      cc,
      "_ZN10tensorflow35ConvertSavedModelToTFLiteFlatBufferERKN6tflite10ModelFlagsERNS0_14ConverterFlagsEPNSt7__cxx1112"
      "basic_stringIcSt11char_traitsIcESaIcEEEPKNS_12quantization17PyFunctionLibraryE");

  // More than either message takes.
  void* model_flags = calloc(1, 8192);
  void* converter_flags = calloc(1, 8192);
  make_model(model_flags, nullptr);
  make_converter(converter_flags, nullptr);

  std::string model;  // tensorflow/compiler/mlir/lite/model_flags.proto
  AppendText(model, 20, argv[2]);
  AppendNumber(model, 21, 1);
  AppendText(model, 22, "serve");
  AppendText(model, 23, argv[3]);
  std::string converter;  // tensorflow/compiler/mlir/lite/converter_flags.proto
  AppendNumber(converter, 1, 1);
  AppendNumber(converter, 2, 2);
  AppendNumber(converter, 4, 1);
  AppendNumber(converter, 11, 1);
  if (quantization == "dynamic") AppendNumber(converter, 26, 1);
  if (quantization == "float16") {
    AppendNumber(converter, 26, 1);
    AppendNumber(converter, 29, 1);
  }
  AppendNumber(converter, 30, 1);
  AppendNumber(converter, 44, 1);
  if (!parse(model_flags, model.data(), static_cast<int>(model.size()))) Fail("ModelFlags", "not understood");
  if (!parse(converter_flags, converter.data(), static_cast<int>(converter.size()))) Fail("ConverterFlags", "not understood");

  std::string result;
  Status status = convert(model_flags, converter_flags, &result, nullptr);
  if (status.word != 1) {
    auto describe = reinterpret_cast<ToString>(
        dlsym(framework, "_ZN4absl12lts_202508146Status12ToStringSlowB5cxx11EmNS0_18StatusToStringModeE"));
    Fail("the converter failed", describe ? describe(status.word, 1).c_str() : "no reason given");
  }
  FILE* file = fopen(argv[5], "wb");
  if (!file || fwrite(result.data(), 1, result.size(), file) != result.size() || fclose(file) != 0) Fail(argv[5], strerror(errno));
  // Without static destructors: TensorFlow's and protobuf's know each other.
  _exit(0);
}
`;
