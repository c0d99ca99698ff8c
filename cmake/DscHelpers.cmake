# Build rules shared by every folder: one static library per folder, warnings as
# errors, and MLIR linked once, as its shared library, by the executables only.

separate_arguments(DSC_LLVM_DEFINITIONS NATIVE_COMMAND "${LLVM_DEFINITIONS}")

set(DSC_WARNINGS -Wall -Wextra -Werror -Wno-unused-parameter)
set(DSC_SANITIZER_FLAGS)
if(DSC_SANITIZE)
  set(DSC_SANITIZER_FLAGS -fsanitize=address,undefined -fno-omit-frame-pointer)
endif()

# The flags every C++ file of the project is compiled with.
function(dsc_common_options target)
  target_compile_options(${target} PRIVATE ${DSC_WARNINGS} ${DSC_SANITIZER_FLAGS})
  target_link_options(${target} PUBLIC ${DSC_SANITIZER_FLAGS})
endfunction()

# The flags of every file of the compiler; equal, so that all can read the precompiled headers.
set(DSC_COMPILER_FLAGS -fno-exceptions)
set(DSC_COMPILER_INCLUDES
  ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}
  ${CMAKE_SOURCE_DIR}/include ${CMAKE_BINARY_DIR}/include
  ${CMAKE_SOURCE_DIR}/runtime) # only abi/ of it
function(dsc_compiler_options target)
  dsc_common_options(${target})
  target_compile_definitions(${target} PRIVATE ${DSC_LLVM_DEFINITIONS})
  target_include_directories(${target} PUBLIC ${DSC_COMPILER_INCLUDES})
  target_include_directories(${target} SYSTEM PUBLIC ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
endfunction()

# dsc_precompile(NAME BASE base DEPENDS targets...): cmake/NAME.h, compiled once into NAME.pch, on
# top of base.pch. CMake's own rule names its file by an absolute path, so that ccache would share
# nothing between two checkouts; ccache reads NAME.pch.sum instead, a hash of what was compiled.
function(dsc_precompile name)
  cmake_parse_arguments(ARG "" "BASE" "DEPENDS" ${ARGN})
  string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
  separate_arguments(flags NATIVE_COMMAND "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${type}}")
  list(APPEND flags -fPIC -std=c++20 ${DSC_LLVM_DEFINITIONS} ${DSC_WARNINGS} ${DSC_SANITIZER_FLAGS}
    ${DSC_COMPILER_FLAGS} -Xclang -fno-pch-timestamp -isystem ${MLIR_INCLUDE_DIRS})
  string(SHA256 seed "${LLVM_PACKAGE_VERSION} ${CMAKE_CXX_COMPILER_VERSION} ${flags}")
  # Where the checkout lies must not show in what is compiled (assert holds the names of files).
  list(TRANSFORM DSC_COMPILER_INCLUDES PREPEND -I OUTPUT_VARIABLE includes)
  list(APPEND includes -fmacro-prefix-map=${CMAKE_SOURCE_DIR}=.)
  if(ARG_BASE)
    set(base ${CMAKE_BINARY_DIR}/${ARG_BASE}.pch)
    list(APPEND flags -include-pch ${ARG_BASE}.pch)
  endif()
  set(header ${CMAKE_SOURCE_DIR}/cmake/${name}.h)
  set(compile ${CMAKE_CXX_COMPILER} ${flags} ${includes} -x c++-header ${header})
  list(JOIN compile " " compile_words)
  add_custom_command(OUTPUT ${name}.pch ${name}.pch.sum
    COMMAND ${compile} -o ${name}.pch -MD -MT ${name}.pch -MF ${name}.d -fpch-instantiate-templates
    COMMAND sh -c
      "{ echo ${seed}; ${compile_words} -E -P -dD; } | sha256sum >${name}.pch.sum"
    DEPENDS ${header} ${base} ${ARG_DEPENDS}
    DEPFILE ${name}.d WORKING_DIRECTORY ${CMAKE_BINARY_DIR} VERBATIM)
endfunction()

# What the files of the compiler read precompiled. The rules stand here and not in a folder, so that
# there is one of each.
function(dsc_add_precompiled_headers)
  dsc_precompile(MlirHeaders)
  dsc_precompile(DialectHeaders BASE MlirHeaders DEPENDS DscExecIncGen DscTrainIncGen)
  add_custom_target(dsc-precompiled-headers DEPENDS ${CMAKE_BINARY_DIR}/DialectHeaders.pch)
endfunction()

# Lets files of this folder read them.
function(dsc_use_precompiled_headers)
  set_source_files_properties(${ARGN} PROPERTIES
    COMPILE_OPTIONS "${DSC_COMPILER_FLAGS};-Xclang;-fno-pch-timestamp;-include-pch;DialectHeaders.pch"
    OBJECT_DEPENDS ${CMAKE_BINARY_DIR}/DialectHeaders.pch)
endfunction()

# dsc_add_compiler_library(NAME sources... THROWING sources... DEPENDS targets... LINK libraries...)
#   A part of the compiler: sees MLIR, the generated dialect headers and include/.
#   THROWING files are compiled with exceptions.
function(dsc_add_compiler_library name)
  cmake_parse_arguments(ARG "" "" "THROWING;DEPENDS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS} ${ARG_THROWING})
  dsc_compiler_options(${name})
  dsc_use_precompiled_headers(${ARG_UNPARSED_ARGUMENTS})
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
endfunction()

# dsc_add_tool(NAME sources... THROWING sources... LINK libraries...): an executable of the compiler.
function(dsc_add_tool name)
  cmake_parse_arguments(ARG "" "" "THROWING;LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS} ${ARG_THROWING})
  dsc_compiler_options(${name})
  # As the libraries are compiled, so that the same precompiled headers serve.
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fPIC)
  dsc_use_precompiled_headers(${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} MLIR LLVM)
endfunction()

# dsc_add_runtime_library(NAME sources...): a part of the trainer; no LLVM, no MLIR.
function(dsc_add_runtime_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  dsc_common_options(${name})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/runtime)
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
endfunction()
