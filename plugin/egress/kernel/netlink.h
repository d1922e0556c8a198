/*
 * Talking with nftables in the kernel, message by message. libnftables would do it by text: it
 * takes two thirds of the time that a long list needs only to parse it, and before it changes or
 * lists anything it fetches everything there is, elements of all sets included, whose time grows
 * with the square of their number.
 *
 * Needs CAP_NET_ADMIN. One thread a connection. Source: linux/netfilter/nf_tables.h.
 */
#pragma once

#include "base/status.h"
#include "egress/kernel/transaction.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One message: its attributes, without headers. They live until the function returns. */
typedef void cf_netlink_message(void *arg, const uint8_t *attributes, size_t len);

/* CF_EIO with *error: no such protocol, or no memory. */
enum cf_status cf_netlink_open(int *fd_out, struct cf_error *error) CF_MUST_CHECK;

/*
 * Asks with a message of type (NFT_MSG_GETRULE ...) for what belongs to the inet table, and with
 * set not NULL to that set of it, and hands over each answer. all: a list, else one thing.
 * CF_ENOTFOUND: there is no such thing; CF_EAGAIN: somebody changed the tables meanwhile, what came
 * is of no use; CF_EIO with *error: not allowed, and the like.
 */
enum cf_status cf_netlink_ask(int fd, unsigned type, bool all, const char *table, const char *set,
    cf_netlink_message *message, void *arg, struct cf_error *error) CF_MUST_CHECK;

/* The generation of all tables, which every change by anybody raises. CF_EIO with *error. */
enum cf_status cf_netlink_generation(
    int fd, uint32_t *generation_out, struct cf_error *error) CF_MUST_CHECK;

/*
 * Sends a transaction. CF_EAGAIN: somebody changed tables since the generation that it began with;
 * CF_EIO with *error: what the kernel refused, and why. In both cases nothing has changed.
 */
enum cf_status cf_netlink_send(
    int fd, const struct cf_transaction *batch, struct cf_error *error) CF_MUST_CHECK;

/* The value of an attribute of that type, or NULL. */
const uint8_t *cf_netlink_find(
    const uint8_t *attributes, size_t len, unsigned type, size_t *len_out);
