# cnn_embed_kernels(<target> <file.cl>...): compiles the files into the target as byte arrays, which
# cnn::opencl::embedded_kernels() (src/backend/opencl/embedded.h) gives; made again when one changes.
# Comments are left out, but not their lines, so that a compiler's messages point into the files.
# The same file, run as a script, writes the source.

if(CMAKE_SCRIPT_MODE_FILE)
    # -DOUTPUT=<file.cpp> -DINPUTS=<file.cl>|<file.cl>...
    string(REPLACE "|" ";" inputs "${INPUTS}")
    set(arrays "")
    set(rows "")
    set(index 0)
    foreach(input IN LISTS inputs)
        get_filename_component(name "${input}" NAME)
        file(READ "${input}" hex HEX)
        # A "//" and all but the end of its line; pairs of digits keep apart by commas.
        string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\1," hex "${hex}")
        string(REGEX REPLACE "(20,)*2f,2f,([1-9a-f][0-9a-f],|0[^a],)*" "" hex "${hex}")
        string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'" bytes "${hex}")
        string(APPEND arrays "const char kData${index}[] = {${bytes}'\\0'};\n")
        string(APPEND rows
            "    {\"${name}\", kData${index}, sizeof(kData${index}) - 1},\n")
        math(EXPR index "${index} + 1")
    endforeach()
    file(WRITE "${OUTPUT}" "// Generated from kernels/*.cl.
#include \"backend/opencl/embedded.h\"

namespace cnn::opencl {
namespace {

${arrays}
const EmbeddedKernel kKernels[] = {
${rows}};

}  // namespace

std::span<const EmbeddedKernel> embedded_kernels() { return kKernels; }

}  // namespace cnn::opencl
")
    return()
endif()

set(CNN_EMBED_SCRIPT "${CMAKE_CURRENT_LIST_FILE}")

function(cnn_embed_kernels target)
    set(files "")
    foreach(file IN LISTS ARGN)
        get_filename_component(path "${file}" ABSOLUTE)
        list(APPEND files "${path}")
    endforeach()
    list(SORT files)
    string(REPLACE ";" "|" joined "${files}")
    set(output "${CMAKE_CURRENT_BINARY_DIR}/embedded_kernels.cpp")
    add_custom_command(
        OUTPUT "${output}"
        COMMAND "${CMAKE_COMMAND}" "-DOUTPUT=${output}" "-DINPUTS=${joined}"
                -P "${CNN_EMBED_SCRIPT}"
        DEPENDS ${files} "${CNN_EMBED_SCRIPT}"
        COMMENT "Embedding OpenCL kernels"
        VERBATIM)
    target_sources("${target}" PRIVATE "${output}")
endfunction()
