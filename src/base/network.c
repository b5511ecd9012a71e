#include "verbgate/base/network.h"

#include "verbgate/base/address.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { MAPPED_PREFIX = 96, ALL_BITS = 128 };

/* ::ffff:0:0/96 (RFC 4291 section 2.5.5.2) */
static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_ipv4(const struct network_address *address)
{
    return memcmp(address->bytes, mapped, sizeof mapped) == 0;
}

static void set_ipv4(struct network_address *address, const void *bytes)
{
    memcpy(address->bytes, mapped, sizeof mapped);
    memcpy(address->bytes + sizeof mapped, bytes, 4);
}

bool network_address_read(struct slice text, struct network_address *address)
{
    unsigned char v4[sizeof(struct in_addr)];
    if (address_read_ip(text, AF_INET, v4)) {
        set_ipv4(address, v4);
        return true;
    }
    return address_read_ip(text, AF_INET6, address->bytes);
}

bool network_address_of(const struct sockaddr *peer, struct network_address *address)
{
    if (peer->sa_family == AF_INET) {
        set_ipv4(address, &((const struct sockaddr_in *)(const void *)peer)->sin_addr);
        return true;
    }
    if (peer->sa_family == AF_INET6) {
        memcpy(address->bytes, &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr,
               sizeof address->bytes);
        return true;
    }
    return false;
}

size_t network_address_text(const struct network_address *address, char *out)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    memcpy(&v6.sin6_addr, address->bytes, sizeof address->bytes);
    return socket_address_ip((const struct sockaddr *)(const void *)&v6, out);
}

/* Clears what stands behind the prefix; returns whether anything did. */
static bool clear_host_bits(struct network *network)
{
    bool was_set = false;
    for (unsigned i = 0; i < NETWORK_ADDRESS_BYTES; i++) {
        unsigned kept = network->prefix <= 8 * i ? 0 : network->prefix - 8 * i;
        unsigned mask = kept >= 8 ? 0xffu : (0xff00u >> kept) & 0xffu;
        unsigned byte = network->address.bytes[i];
        was_set |= (byte & ~mask) != 0;
        network->address.bytes[i] = (unsigned char)(byte & mask);
    }
    return was_set;
}

const char *network_parse(struct slice text, struct network *network)
{
    struct network result = {.prefix = ALL_BITS};
    size_t slash = slice_find(text, '/');
    if (!network_address_read(slice_make(text.data, slash), &result.address)) {
        return "this is no IPv4 or IPv6 address";
    }
    if (slash < text.length) {
        struct slice digits = slice_after(text, slash + 1);
        unsigned base =
            slice_find(text, ':') == text.length && is_ipv4(&result.address) ? MAPPED_PREFIX : 0;
        uint64_t bits;
        if (digits.length > 3 || !slice_to_number(digits, &bits) || bits > ALL_BITS - base) {
            return base == 0 ? "what follows the slash is not a number from 0 to 128"
                             : "what follows the slash is not a number from 0 to 32";
        }
        result.prefix = base + (unsigned)bits;
    }
    bool has_host_bits = clear_host_bits(&result);
    *network = result;
    return has_host_bits ? "the address has bits behind its prefix" : NULL;
}

void network_text(const struct network *network, char out[NETWORK_TEXT_MAX])
{
    char ip[INET6_ADDRSTRLEN];
    network_address_text(&network->address, ip);
    bool is_short = is_ipv4(&network->address) && network->prefix >= MAPPED_PREFIX;
    snprintf(out, NETWORK_TEXT_MAX, "%s/%u", ip,
             is_short ? network->prefix - MAPPED_PREFIX : network->prefix);
}

static bool has_prefix(const struct network *network, const struct network_address *address)
{
    unsigned whole = network->prefix / 8;
    unsigned rest = network->prefix % 8;
    if (memcmp(network->address.bytes, address->bytes, whole) != 0) {
        return false;
    }
    unsigned difference =
        rest == 0 ? 0u : (unsigned)(network->address.bytes[whole] ^ address->bytes[whole]);
    return (difference & (0xff00u >> rest) & 0xffu) == 0;
}

bool network_has(const struct network *network, const struct network_address *address)
{
    /* An operator who writes ::/0 means IPv6. */
    if (network->prefix < MAPPED_PREFIX && is_ipv4(address)) {
        return false;
    }
    return has_prefix(network, address);
}

bool network_holds(const struct network *outer, const struct network *inner)
{
    return outer->prefix <= inner->prefix && network_has(outer, &inner->address);
}

bool network_list_has(const struct network_list *list, const struct network_address *address)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (network_has(&list->items[i], address)) {
            return true;
        }
    }
    return false;
}
