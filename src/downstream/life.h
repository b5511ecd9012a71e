/* The states of a client connection, and the ways between them. */
#ifndef VERBGATE_DOWNSTREAM_LIFE_H
#define VERBGATE_DOWNSTREAM_LIFE_H

#include "verbgate/downstream/connection.h"

/* IDLE: waits for the first byte of a request, for as long as idle-timeout. */
void life_wait(struct downstream *downstream);

/* ACTIVE: the first byte of downstream->request has come. */
void life_begin_request(struct downstream *downstream);

/* A request that was taken for bytes that did not come goes back. */
void life_drop_unused_request(struct downstream *downstream);

/* LINGER: FIN is sent; what still comes is read and dropped. */
void life_begin_linger(struct downstream *downstream);

/* Bytes came that are dropped. Past the limit nothing more is read. */
RARE void life_linger_on(struct downstream *downstream, size_t length);

/* The time for that is over: a client that still takes its answer may go on, one that does not has had its time. */
void life_linger_or_close(struct downstream *downstream);

#endif
