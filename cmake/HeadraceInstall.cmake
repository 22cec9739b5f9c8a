# What is installed, in three components:
#   capture  the capture library as one archive, public headers, CMake package, pkg-config file
#   tools    the `headrace` program and DuckDB's library
#   wheel    what the Python package holds (pyproject.toml installs this one alone)
include(CMakePackageConfigHelpers)

# One archive of the five rooms and telemetry, so that a user links one thing. Its objects are the
# rooms' own.
set(objects)
foreach(room base model encode spool capture telemetry)
  get_target_property(type headrace_${room} TYPE)
  if(NOT type STREQUAL INTERFACE_LIBRARY)
    list(APPEND objects "$<TARGET_OBJECTS:headrace_${room}>")
  endif()
endforeach()
if(objects)
  add_library(headrace_library STATIC ${objects})
  add_library(headrace::headrace ALIAS headrace_library)
  set_target_properties(headrace_library PROPERTIES
    OUTPUT_NAME headrace EXPORT_NAME headrace LINKER_LANGUAGE CXX)
  target_compile_features(headrace_library PUBLIC cxx_std_20)
  target_link_libraries(headrace_library PUBLIC Threads::Threads ${CMAKE_DL_LIBS})
  # The recorder refers to telemetry weakly, which alone would leave it in the archive.
  target_link_options(headrace_library INTERFACE "LINKER:-u,hr_telemetry_install")
  if(HEADRACE_SANITIZE)  # whoever links its objects needs the sanitizer's library
    target_link_options(headrace_library INTERFACE
      "$<BUILD_INTERFACE:-fsanitize=${HEADRACE_SANITIZE}>")
  endif()
  target_include_directories(headrace_library INTERFACE
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")

  set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/headrace")
  install(TARGETS headrace_library EXPORT headrace COMPONENT capture
          ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/headrace" COMPONENT capture
          DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
  install(EXPORT headrace COMPONENT capture NAMESPACE headrace::
          FILE headraceTargets.cmake DESTINATION "${package_folder}")
  configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/headraceConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/headraceConfig.cmake" INSTALL_DESTINATION "${package_folder}")
  write_basic_package_version_file("${PROJECT_BINARY_DIR}/headraceConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion)
  file(RELATIVE_PATH pkgconfig_to_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  configure_file("${PROJECT_SOURCE_DIR}/cmake/headrace.pc.in"
    "${PROJECT_BINARY_DIR}/headrace.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/headraceConfig.cmake"
                "${PROJECT_BINARY_DIR}/headraceConfigVersion.cmake"
          COMPONENT capture DESTINATION "${package_folder}")
  install(FILES "${PROJECT_BINARY_DIR}/headrace.pc"
          COMPONENT capture DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
  install(FILES "${PROJECT_SOURCE_DIR}/LICENSE"
          COMPONENT capture DESTINATION "${CMAKE_INSTALL_DOCDIR}")
endif()

if(HEADRACE_CAPTURE_ONLY OR NOT TARGET headrace)
  return()
endif()

# Without its local symbols DuckDB's library is 11 MB smaller and does the same.
set(stripped "${PROJECT_BINARY_DIR}/stripped/libduckdb.so")
add_custom_command(OUTPUT "${stripped}"
  COMMAND "${CMAKE_STRIP}" --strip-unneeded -o "${stripped}" "${HEADRACE_DUCKDB_LIBRARY}"
  DEPENDS "${HEADRACE_DUCKDB_LIBRARY}" VERBATIM)
file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/stripped")
add_custom_target(headrace_stripped_duckdb ALL DEPENDS "${stripped}")

if(NOT SKBUILD)
  set_target_properties(headrace PROPERTIES
    INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}/headrace")
  install(TARGETS headrace RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT tools)
  install(FILES "${stripped}" DESTINATION "${CMAKE_INSTALL_LIBDIR}/headrace" COMPONENT tools)
  # Beside DuckDB's library, where box/shim_file.cc looks.
  install(TARGETS headrace_shim LIBRARY
          DESTINATION "${CMAKE_INSTALL_LIBDIR}/headrace" COMPONENT tools)
  # Where cli/lab_libraries.cc looks.
  install(TARGETS headrace_fake_nvml headrace_fake_amd_smi headrace_fake_rocm_smi LIBRARY
          DESTINATION "${CMAKE_INSTALL_LIBDIR}/headrace/lab" COMPONENT tools)
  install(FILES "${PROJECT_SOURCE_DIR}/third_party/duckdb/LICENSE" COMPONENT tools
          DESTINATION "${CMAKE_INSTALL_DOCDIR}/duckdb")
  return()
endif()

# In a Python environment the program lies in bin/ and DuckDB's library inside the package: below
# site-packages, or dist-packages in Debian's own Python, or lib64 elsewhere, or straight beside
# bin/ after `pip install --target`.
find_package(Python 3.10 REQUIRED COMPONENTS Interpreter Development.Module)
set(search "$ORIGIN/../headrace")
foreach(lib IN ITEMS lib lib64)
  foreach(packages IN ITEMS site-packages dist-packages)
    list(APPEND search
      "$ORIGIN/../${lib}/python${Python_VERSION_MAJOR}.${Python_VERSION_MINOR}/${packages}/headrace")
  endforeach()
endforeach()
set_target_properties(headrace PROPERTIES INSTALL_RPATH "${search}")
set(extensions _capture _query)
set_target_properties(${extensions} PROPERTIES INSTALL_RPATH "$ORIGIN")
install(TARGETS headrace RUNTIME DESTINATION "${SKBUILD_SCRIPTS_DIR}" COMPONENT wheel)
install(TARGETS ${extensions} LIBRARY DESTINATION headrace COMPONENT wheel)
install(FILES "${stripped}" DESTINATION headrace COMPONENT wheel)
install(TARGETS headrace_shim LIBRARY DESTINATION headrace COMPONENT wheel)
# Beside DuckDB's library too, where cli/lab_libraries.cc looks.
install(TARGETS headrace_fake_nvml headrace_fake_amd_smi headrace_fake_rocm_smi LIBRARY
        DESTINATION headrace/lab COMPONENT wheel NAMELINK_SKIP)
add_custom_target(headrace_wheel
  DEPENDS headrace ${extensions} headrace_stripped_duckdb headrace_shim
          headrace_fake_nvml headrace_fake_amd_smi headrace_fake_rocm_smi)
