/*
 * Reading tables of nftables from the kernel, message by message: what libnftables gives as text
 * only after it fetched everything there is, elements of all sets included, whose time grows with
 * the square of their number.
 *
 * Needs CAP_NET_ADMIN. One thread a connection. Source: linux/netfilter/nf_tables.h.
 */
#pragma once

#include "base/status.h"

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

/* The value of an attribute of that type, or NULL. */
const uint8_t *cf_netlink_find(
    const uint8_t *attributes, size_t len, unsigned type, size_t *len_out);
