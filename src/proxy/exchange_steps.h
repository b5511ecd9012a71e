/* What the files of the exchange share among themselves: exchange.c (life, ends, who may read),
 * request.c (the request's head), request_content.c (its content), buffer.c (content that is kept until
 * all of it has come), forward.c (its way to a server), response.c (the server's side), response_head.c
 * (the block that an answer is read into, and its head), keeping.c (whether the server's connection is kept, and
 * for whom), look.c (peers that nothing is heard of), answer.c (local answers), identity.c (who asks),
 * tunnel.c (upgraded connections), extra_fields.c and method_fields.c (the gateway's own fields), relay.c
 * (content on its way), relay_splice.c (large content on its way, not copied), record.c (what is told of an
 * exchange at its end). */
#ifndef VERBGATE_PROXY_EXCHANGE_STEPS_H
#define VERBGATE_PROXY_EXCHANGE_STEPS_H

#include "verbgate/http/login.h"
#include "verbgate/proxy/exchange.h"

/* How far a head has been read; HEAD_BAD: exchange->fault says why. */
enum head_status { HEAD_MORE, HEAD_READY, HEAD_BAD };

static inline enum head_status exchange_bad_head(struct exchange *exchange, enum http_fault fault)
{
    exchange->fault = fault;
    return HEAD_BAD;
}

/* ---- exchange.c */

/* Something went wrong for `reason`. When no byte of an answer was sent, the client gets the
 * reason's status; otherwise the connection ends so that the answer is seen to be incomplete. */
void exchange_fail(struct exchange *exchange, enum close_reason reason);

/* The same for bytes that broke a rule. */
void exchange_fault(struct exchange *exchange, enum close_reason reason, enum http_fault fault);

/* Ends the exchange when both directions are done and everything is sent. Returns true when it did:
 * the exchange must not be touched any more. */
MUST_CHECK bool exchange_check_complete(struct exchange *exchange);

/* The settings that this exchange runs under. */
static inline const struct policy_gateway *exchange_settings(const struct exchange *exchange)
{
    return &exchange->snapshot->policy->gateway;
}

/* The limits that the request runs under. Only after a verdict to forward. */
static inline const struct policy_limits *exchange_limits(const struct exchange *exchange)
{
    return &exchange->verdict.limits;
}

/* The most bytes that a head in a buffer of `region_bytes` may have: max-head, or less for a buffer
 * that was made under another policy. */
static inline size_t exchange_max_head(const struct exchange *exchange, size_t region_bytes)
{
    size_t room = region_bytes - PROXY_CONTENT_ROOM;
    size_t most = exchange_settings(exchange)->max_head;
    return most < room ? most : room;
}

/* The client's connection ends with this exchange, and what still comes in is read and dropped first:
 * nothing of it may be taken for another request. */
static inline void exchange_end_connection(struct exchange *exchange)
{
    exchange->must_close = true;
    exchange->must_linger = true;
}

/* Whether the request, as received, comes with content. */
static inline bool exchange_has_content(const struct exchange *exchange)
{
    const struct framing *framing = &exchange->request_framing;
    return framing->kind == FRAMING_CHUNKED ||
           (framing->kind == FRAMING_LENGTH && framing->length > 0);
}

/* Whether the server gets this method as POST. Only after a verdict to forward. */
static inline bool exchange_is_sent_as_post(const struct exchange *exchange)
{
    return method_set_has(&exchange->verdict.translation->send_as_post, exchange->verdict.method);
}

/* Keeps fields of the server's response, if there is one, from the client. */
static inline void exchange_withhold_back(struct exchange *exchange, struct slice name)
{
    if (exchange->response != NULL) {
        (void)fields_withhold(&exchange->response->fields, name);
    }
}

static inline struct stream *exchange_client(struct exchange *exchange)
{
    return &exchange->downstream->stream;
}

/* Gives an exchange, or a response, back to its slab. One that was made before a reload changed max-head
 * has another size than the slab's, and is freed. */
void exchange_give_object(struct proxy *proxy, struct slab *slab, void *object,
                          size_t region_bytes);

/* Lets both sides read or not, and arms their deadlines, by the states. */
void exchange_update(struct exchange *exchange);

/* ---- record.c */

/* The text of the server that the request went to; empty: to none. */
struct slice exchange_server_text(const struct exchange *exchange);

/* Tells the proxy's owner how the exchange ended; once, and while all of it is still there. */
void exchange_hand_over_record(struct exchange *exchange);

/* ---- request_content.c */

/* Takes the content that lies in the buffer, decoded; *is_last tells whether it ends there. Returns
 * false, with the fault set, when its framing is broken. */
MUST_CHECK bool exchange_take_buffered(struct exchange *exchange, struct slice *content,
                                       bool *is_last);

/* The request's trailers so far, where they are for the server; else NULL. */
const struct trailers *exchange_trailers_onward(const struct exchange *exchange);

/* Whether more content has come than max-body allows; what report-only lets through is noted. */
bool exchange_is_too_large(struct exchange *exchange);

/* exchange_fail for a request whose rest must not be read as another request. */
void exchange_fail_and_close(struct exchange *exchange, enum close_reason reason);

/* Nobody wants the rest of the content: it is read and dropped when that is a bounded affair, or the
 * connection is marked to end with this exchange. */
void exchange_abandon_content(struct exchange *exchange);

/* Takes what has just been read of the content, wherever exchange_request_room had it read to. Returns
 * false, with the fault set, when its framing is broken. */
MUST_CHECK bool exchange_take_content(struct exchange *exchange, char *data, size_t length,
                                      struct slice *content, bool *is_last);

/* ---- buffer.c */

/* Whether the content is read whole before a server is looked for. Only after a verdict to forward. */
bool exchange_must_buffer(const struct exchange *exchange);

/* Begins to keep the content, with what of it has come with the head. */
void exchange_begin_buffer(struct exchange *exchange);

/* Bytes came while the content is being kept. */
void exchange_buffer_bytes(struct exchange *exchange, char *data, size_t length);

/* The first piece of what is kept, to be sent with the head; empty when nothing is. Returns false when
 * the exchange is gone, or its failure is being answered. */
MUST_CHECK bool exchange_first_piece(struct exchange *exchange, struct slice *piece);

/* Whether there is more of it to send. */
static inline bool exchange_has_stored(const struct exchange *exchange)
{
    return exchange->store != NULL && !request_store_is_sent(exchange->store);
}

/* Sends more of it, until the server takes no more for now. */
void exchange_send_stored(struct exchange *exchange);

/* The same in a later turn of the loop, when other things may have happened. */
void exchange_continue_stored(struct exchange *exchange);

/* ---- forward.c */

/* 100 (Continue) is owed to a client whose content is wanted now. Returns false when the exchange is
 * gone. */
MUST_CHECK bool exchange_send_continue(struct exchange *exchange);

/* Chooses a server and takes or opens a connection to it, or waits in line for one. Not `may_reuse`: it opens
 * one at once. */
void exchange_find_upstream(struct exchange *exchange, bool may_reuse);

/* Leaves the line, or does nothing. */
void exchange_leave_line(struct exchange *exchange);

/* A pooled connection turned out to be dead. Tries once more on a fresh one where that is safe, and
 * returns true; `nothing_was_sent`: not a byte of the request reached the old one. */
bool exchange_retry(struct exchange *exchange, bool nothing_was_sent);

/* The server takes no more bytes. Retries, or waits for what it still has to say. */
void exchange_send_failed(struct exchange *exchange, bool nothing_was_sent);

/* ---- tunnel.c */

/* The Upgrade value that goes onward with the request; empty when there is none to send. */
struct slice exchange_upgrade_onward(const struct exchange *exchange);

/* The same for a head that is about to be sent; a request that asks for more is counted. */
struct slice exchange_offer_upgrade(struct exchange *exchange);

/* The Upgrade value of the response; empty when there is none. */
struct slice exchange_upgrade_offered(const struct exchange *exchange);

/* Whether a 101 (Switching Protocols) in exchange->response->line is what the client asked for. */
bool exchange_may_switch(const struct exchange *exchange);

/* Sends the 101 and makes the exchange a tunnel. */
void exchange_switch(struct exchange *exchange);

void exchange_tunnel_from_client(struct exchange *exchange, struct slice bytes);
void exchange_tunnel_from_server(struct exchange *exchange, struct slice bytes);

/* FIN came from that side. */
void exchange_tunnel_client_end(struct exchange *exchange);
void exchange_tunnel_server_end(struct exchange *exchange);

/* What was queued for one of the sides is sent. */
void exchange_tunnel_drained(struct exchange *exchange);

/* ---- answer.c */

/* Answers what the verdict says. */
void exchange_answer_verdict(struct exchange *exchange);

/* Answers with a status that is not the policy's: a fault of the request or of the upstream. */
void exchange_answer_error(struct exchange *exchange, unsigned status, const char *proxy_error,
                           struct slice details);

/* ---- extra_fields.c: the gateway's own fields, written to proxy->extra and valid until the next call.
 * What they replace of the received fields is withheld. */

/* Before the first of these: drops and counts what the policy keeps from the server, once a request. */
void exchange_guard_fields(struct exchange *exchange);

/* In a request onward. */
struct slice exchange_extra_onward(struct exchange *exchange);

/* In the final response to the client, the gateway's own or the server's. */
struct slice exchange_extra_back(struct exchange *exchange);

/* ---- method_fields.c */

/* Counts and logs a request that report-only kept from being refused. */
void exchange_report(struct exchange *exchange);

/* The fields of the final response that are for CORS, for a webhook's handshake, or static. */
void exchange_put_method_fields(struct exchange *exchange, struct writer *writer);

/* ---- response_head.c */

/* A block for the server's answer, or NULL: out of memory. */
MUST_CHECK struct response *exchange_take_response(struct proxy *proxy);

void exchange_give_response(struct proxy *proxy, struct response *response);

/* Reads the status line and the fields from what has come. */
enum head_status exchange_read_response_head(struct exchange *exchange);

/* ---- keeping.c */

/* The response is through: its connection is kept, for everybody or for its client alone, or closed. */
void exchange_release_upstream(struct exchange *exchange);

/* Whether a server that gets a request with this framing is asked to close its connection behind the response. */
bool exchange_ends_server(const struct exchange *exchange, struct framing framing);

/* The final response names a login that belongs to the connection. */
RARE void exchange_note_login(struct exchange *exchange, enum login login);

/* Whether all of the request is with the server, or with the kernel. */
static inline bool exchange_has_sent_all(const struct exchange *exchange)
{
    return exchange->request_state == REQUEST_DONE && !exchange_has_stored(exchange) &&
           !stream_is_queued(&exchange->upstream->stream);
}

/* ---- look.c */

/* A server's reset matters only in a tunnel while its client is paused: content that has come before it still goes to
 * the client, whose own deadline bounds that. */
static inline bool exchange_server_is_deaf(const struct exchange *exchange)
{
    return exchange->response_state == RESPONSE_TUNNEL &&
           stream_is_deaf(&exchange->upstream->stream);
}

/* Has the sides looked at soon. */
RARE void exchange_look_later(struct exchange *exchange);
void exchange_on_look(struct deadline *deadline);

/* ---- response.c */

/* A response to HEAD whose content, which came since a GET was sent, is dropped: the rest of it is not
 * waited for. */
void exchange_end_dropped(struct exchange *exchange);

static inline bool exchange_is_dropping(const struct exchange *exchange)
{
    return exchange->response_state == RESPONSE_CONTENT && exchange->verdict.asks_get;
}
/* ---- identity.c */

/* Whether the peer is one of trusted-proxies, so that what it says of the client is believed. */
bool exchange_peer_is_trusted(struct exchange *exchange);

/* The client's IP as text: the peer's, or, written to `out`, what a trusted one says. */
struct slice exchange_client_ip(struct exchange *exchange, char out[INET6_ADDRSTRLEN]);

/* The request's id, made when the policy wants one; empty when there is none. */
struct slice exchange_request_id(struct exchange *exchange);

/* The trace-id of the valid traceparent that came or was made; empty when there is none. */
struct slice exchange_trace_id(const struct exchange *exchange);

/* A traceparent of our own, the same one each time. */
struct slice exchange_make_trace_parent(struct exchange *exchange);

/* ---- relay.c */

/* Sends what proxy->out holds, then `content`, then `tail`, in one write. Empties proxy->out. */
enum stream_write_status relay_write(struct proxy *proxy, struct stream *stream,
                                     struct slice content, struct slice tail);

/*
 * Sends what proxy->out holds (a head, or nothing), then a piece of content in the framing, then,
 * when `is_last`, what ends the framing; all in one write. `trailers` may be NULL. Empties
 * proxy->out.
 */
enum stream_write_status relay_send(struct proxy *proxy, struct stream *stream,
                                    enum framing_kind framing, struct slice content, bool is_last,
                                    const struct trailers *trailers);

/* ---- relay_splice.c */

/* Whether what comes next of the content is to be spliced: then no room is given, and
 * exchange_response_nothing moves it. Begins and ends that; only of content that fills its rooms. */
RARE bool exchange_choose_response_way(struct exchange *exchange);
RARE bool exchange_choose_request_way(struct exchange *exchange);

static inline bool exchange_splices_response(struct exchange *exchange)
{
    return (exchange->from_server.doublings > 0 || exchange->response_pipe != NULL) &&
           exchange_choose_response_way(exchange);
}

static inline bool exchange_splices_request(struct exchange *exchange)
{
    return (exchange->from_client.doublings > 0 || exchange->request_pipe != NULL) &&
           exchange_choose_request_way(exchange);
}

/* Nothing is queued any more for the recipient of content that is being spliced. */
void exchange_pour_response(struct exchange *exchange);
void exchange_pour_request(struct exchange *exchange);

#endif
