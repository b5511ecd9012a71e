/* The versions of the libraries in use, such as "1.44.2". VERBGATE_VERSION is our own. */
#ifndef VERBGATE_TELEMETRY_VERSIONS_H
#define VERBGATE_TELEMETRY_VERSIONS_H

const char *versions_libuv(void);
const char *versions_llhttp(void);

#endif
