# Run by CPack between the install rules and the archive: what only a package has, and what Debian wants compressed.
set(stage ${CPACK_TEMPORARY_INSTALL_DIRECTORY})
set(config ${CPACK_VERBGATE_SOURCE_DIR}/config)
set(documentation ${stage}/usr/share/doc/verbgate)
set(directories OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(ENV{DESTDIR}) # CPack has set it, and all paths here are whole

# put FILE DIRECTORY [NAME] : a file that everybody may read.
function(put file directory)
  file(INSTALL ${file} DESTINATION ${stage}/${directory} DIRECTORY_PERMISSIONS ${directories}
       PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
  if(ARGC GREATER 2)
    get_filename_component(name ${file} NAME)
    file(RENAME ${stage}/${directory}/${name} ${stage}/${directory}/${ARGV2})
  endif()
endfunction()

# Without names and times in it, so that two builds are the same.
function(compress)
  foreach(file ${ARGN})
    execute_process(COMMAND gzip -9nf ${file} COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
endfunction()

put(${config}/systemd/verbgate.service usr/lib/systemd/system)
put(${config}/systemd/verbgate.socket usr/lib/systemd/system)
put(${config}/debian/verbgate.ini etc/verbgate)
put(${config}/debian/verbgate.logrotate etc/logrotate.d verbgate)
put(${config}/debian/copyright usr/share/doc/verbgate)
put(${CPACK_VERBGATE_CHANGELOG} usr/share/doc/verbgate changelog.Debian)
# The licence is in copyright, the units are installed, and the script builds from the sources.
file(REMOVE_RECURSE ${documentation}/LICENSE ${documentation}/config/systemd ${documentation}/config/quickstart.sh)
file(GLOB manuals ${stage}/usr/share/man/man*/*.[0-9])
compress(${documentation}/changelog.Debian ${manuals})
