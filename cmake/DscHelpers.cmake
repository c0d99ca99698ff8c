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

# dsc_add_compiler_library(NAME sources... DEPENDS targets... LINK libraries...)
#   A part of the compiler: sees MLIR, the generated dialect headers and include/.
function(dsc_add_compiler_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  dsc_common_options(${name})
  target_compile_options(${name} PRIVATE -fno-exceptions)
  target_compile_definitions(${name} PRIVATE ${DSC_LLVM_DEFINITIONS})
  target_include_directories(${name} SYSTEM PUBLIC ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
  target_include_directories(${name} PUBLIC
    ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}
    ${CMAKE_SOURCE_DIR}/include ${CMAKE_BINARY_DIR}/include
    ${CMAKE_SOURCE_DIR}/runtime) # only abi/ of it
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
endfunction()

# dsc_add_tool(NAME sources... LINK libraries...): an executable of the compiler.
function(dsc_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  dsc_common_options(${name})
  target_compile_options(${name} PRIVATE -fno-exceptions)
  target_compile_definitions(${name} PRIVATE ${DSC_LLVM_DEFINITIONS})
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
