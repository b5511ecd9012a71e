#include "verbgate/net/resolver.h"

#include <netdb.h>
#include <stdio.h>

static bool is_known(const struct socket_address *known, unsigned count,
                     const struct addrinfo *entry)
{
    for (unsigned i = 0; i < count; i++) {
        if (known[i].length == entry->ai_addrlen &&
            memcmp(&known[i].storage, entry->ai_addr, entry->ai_addrlen) == 0) {
            return true;
        }
    }
    return false;
}

static unsigned take_addresses(const struct addrinfo *list, struct socket_address *out)
{
    unsigned count = 0;
    for (; list != NULL && count < RESOLVER_ADDRESSES_MAX; list = list->ai_next) {
        if (!is_known(out, count, list)) {
            memset(&out[count], 0, sizeof out[count]);
            memcpy(&out[count].storage, list->ai_addr, list->ai_addrlen);
            out[count++].length = list->ai_addrlen;
        }
    }
    return count;
}

const char *resolver_resolve(const struct address *address,
                             struct socket_address out[RESOLVER_ADDRESSES_MAX], unsigned *count)
{
    if (address_to_socket(address, out)) {
        *count = 1;
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
    *count = take_addresses(list, out);
    freeaddrinfo(list);
    return NULL;
}
