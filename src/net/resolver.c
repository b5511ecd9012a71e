#include "verbgate/net/resolver.h"

#include <netdb.h>
#include <stdio.h>

const char *resolver_resolve(const struct address *address, struct socket_address *out)
{
    if (address_to_socket(address, out)) {
        return NULL;
    }
    char host[256];
    char port[8];
    if (address->kind != ADDRESS_NAME || address->host.length >= sizeof host) {
        return "not a name that can be resolved";
    }
    memcpy(host, address->host.data, address->host.length);
    host[address->host.length] = '\0';
    snprintf(port, sizeof port, "%u", (unsigned)address->port);

    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    int error = getaddrinfo(host, port, &hints, &list);
    if (error != 0 && list == NULL) {
        /* A machine with loopback only has no "configured" family: ask once more without the hint.
         */
        hints.ai_flags = AI_NUMERICSERV;
        error = getaddrinfo(host, port, &hints, &list);
    }
    if (error != 0) {
        return gai_strerror(error);
    }
    struct socket_address result;
    memset(&result, 0, sizeof result);
    memcpy(&result.storage, list->ai_addr, list->ai_addrlen);
    result.length = list->ai_addrlen;
    freeaddrinfo(list);
    *out = result;
    return NULL;
}
