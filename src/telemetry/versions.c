#include "verbgate/telemetry/versions.h"

#include "verbgate/http/message.h"

#include <uv.h>

const char *versions_libuv(void)
{
    return uv_version_string();
}

const char *versions_llhttp(void)
{
    return message_parser_version();
}
