# headrace_page(<target>): compiles the report's page, which web/ builds with Node, into a target.
#
# Without Node a page built elsewhere (web/dist/report.html) is taken as it is.
function(headrace_page target)
  set(web "${PROJECT_SOURCE_DIR}/web")
  set(built "${web}/dist/report.html")
  find_program(HEADRACE_NODE node HINTS "${PROJECT_SOURCE_DIR}/.venv/bin")
  set(embed "${PROJECT_SOURCE_DIR}/cmake/EmbedPage.cmake")
  if(HEADRACE_NODE)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${web}/src/*.ts" "${web}/src/*.css" "${web}/src/*.html")
    set(page "${CMAKE_CURRENT_BINARY_DIR}/page/report.html")
    add_custom_command(
      OUTPUT "${page}"
      COMMAND "${HEADRACE_NODE}" "${web}/script/build.mjs" "${CMAKE_CURRENT_BINARY_DIR}/page"
      DEPENDS ${sources} "${web}/script/build.mjs" "${web}/package-lock.json"
      COMMENT "Building the report's page"
      VERBATIM)
  elseif(EXISTS "${built}")
    set(page "${built}")
  else()
    message(FATAL_ERROR
      "The report's page cannot be built: there is no Node here and no ${built}.\n"
      "Run ./script/setup, which installs Node into the environment, then configure again.")
  endif()
  set(source "${CMAKE_CURRENT_BINARY_DIR}/page_shell.cc")
  add_custom_command(
    OUTPUT "${source}"
    COMMAND "${CMAKE_COMMAND}" "-Dpage=${page}" "-Dsource=${source}" -P "${embed}"
    DEPENDS "${page}" "${embed}"
    VERBATIM)
  target_sources(${target} PRIVATE "${source}")
endfunction()
