/* Requests, dumps and transactions of nfnetlink. */

#include "egress/kernel/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_BYTES 256
/* What the kernel puts into one answer at most (NLMSG_GOODSIZE and some). */
#define ANSWER_BYTES (64 * 1024)
/* In each kind of request the table's name is the first attribute, and the set's the second. */
enum { ATTRIBUTE_TABLE = 1, ATTRIBUTE_SET = 2 };

enum cf_status cf_netlink_open(int *fd_out, struct cf_error *error)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0 || connect(fd, (struct sockaddr *)(void *)&kernel, sizeof kernel) != 0) {
		(void)cf_error_set(
		    error, CF_EIO, "cannot ask the kernel for its tables: %s", strerror(errno));
		if (fd >= 0)
			close(fd);
		return CF_EIO;
	}
	*fd_out = fd;
	return CF_OK;
}

static size_t put_text(uint8_t *at, unsigned type, const char *text)
{
	struct nlattr head = {
	    .nla_type = (uint16_t)type, .nla_len = (uint16_t)(NLA_HDRLEN + strlen(text) + 1)};

	memcpy(at, &head, sizeof head);
	memcpy(at + NLA_HDRLEN, text, strlen(text) + 1);
	return (size_t)NLA_ALIGN(head.nla_len);
}

/* table NULL: of none. */
static bool send_request(int fd, unsigned type, bool all, const char *table, const char *set)
{
	uint8_t request[REQUEST_BYTES] = {0};
	struct nlmsghdr head = {.nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type),
	    .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | (all ? NLM_F_DUMP : 0))};
	struct nfgenmsg about = {.nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0};
	size_t len = NLMSG_HDRLEN + sizeof about;

	if ((table != NULL && strlen(table) > 64) || (set != NULL && strlen(set) > 64)) {
		errno = ENAMETOOLONG;
		return false;
	}
	if (table != NULL)
		len += put_text(request + len, ATTRIBUTE_TABLE, table);
	if (set != NULL)
		len += put_text(request + len, ATTRIBUTE_SET, set);
	head.nlmsg_len = (uint32_t)len;
	memcpy(request, &head, sizeof head);
	memcpy(request + NLMSG_HDRLEN, &about, sizeof about);
	return send(fd, request, len, 0) == (ssize_t)len;
}

const uint8_t *cf_netlink_find(
    const uint8_t *attributes, size_t len, unsigned type, size_t *len_out)
{
	struct nlattr head;

	for (size_t at = 0; len - at >= sizeof head; at += (size_t)NLA_ALIGN(head.nla_len)) {
		memcpy(&head, attributes + at, sizeof head);
		if (head.nla_len < NLA_HDRLEN || head.nla_len > len - at)
			return NULL;
		if ((unsigned)(head.nla_type & NLA_TYPE_MASK) == type) {
			*len_out = head.nla_len - NLA_HDRLEN;
			return attributes + at + NLA_HDRLEN;
		}
		if ((size_t)NLA_ALIGN(head.nla_len) >= len - at)
			return NULL;
	}
	return NULL;
}

/* Lists hold things of all tables, where the kernel does not choose. */
static bool is_of_table(const uint8_t *attributes, size_t len, const char *table)
{
	size_t name_len = 0;
	const uint8_t *name = cf_netlink_find(attributes, len, ATTRIBUTE_TABLE, &name_len);

	return name != NULL && name_len == strlen(table) + 1 && memcmp(name, table, name_len) == 0;
}

/* What an answer is. */
enum answer { ANSWER_MORE, ANSWER_LAST, ANSWER_FAILED };

struct asking {
	const char *table;
	bool all, changed, any; /* any: of whatever table */
	int failure;            /* errno */
	cf_netlink_message *message;
	void *arg;
};

static enum answer take_message(
    struct asking *asking, const struct nlmsghdr *head, const uint8_t *body, size_t len)
{
	int code = 0;

	asking->changed = asking->changed || (head->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
	if (head->nlmsg_type == NLMSG_DONE)
		return ANSWER_LAST;
	if (head->nlmsg_type == NLMSG_ERROR) {
		if (len >= sizeof code)
			memcpy(&code, body, sizeof code);
		asking->failure = -code;
		return code == 0 ? ANSWER_LAST : ANSWER_FAILED;
	}
	if (len >= sizeof(struct nfgenmsg)) {
		body += sizeof(struct nfgenmsg);
		len -= sizeof(struct nfgenmsg);
		if (asking->any || is_of_table(body, len, asking->table))
			asking->message(asking->arg, body, len);
	}
	return asking->all ? ANSWER_MORE : ANSWER_LAST;
}

static enum answer take_answer(struct asking *asking, const uint8_t *bytes, size_t len)
{
	struct nlmsghdr head;

	for (size_t at = 0; len - at >= sizeof head; at += NLMSG_ALIGN(head.nlmsg_len)) {
		enum answer answer;

		memcpy(&head, bytes + at, sizeof head);
		if (head.nlmsg_len < NLMSG_HDRLEN || head.nlmsg_len > len - at)
			break;
		answer = take_message(
		    asking, &head, bytes + at + NLMSG_HDRLEN, head.nlmsg_len - NLMSG_HDRLEN);
		if (answer != ANSWER_MORE)
			return answer;
		if ((size_t)NLMSG_ALIGN(head.nlmsg_len) >= len - at)
			return ANSWER_MORE;
	}
	asking->failure = EBADMSG;
	return ANSWER_FAILED;
}

static enum cf_status not_allowed(struct cf_error *error)
{
	return cf_error_set(error, CF_EIO,
	    "not allowed to ask or change nftables; it takes CAP_NET_ADMIN in this network "
	    "namespace (root, or a container that is given it)");
}

static enum cf_status outcome(
    const struct asking *asking, enum answer answer, struct cf_error *error)
{
	if (answer == ANSWER_LAST)
		return asking->changed ? CF_EAGAIN : CF_OK;
	if (asking->failure == ENOENT)
		return CF_ENOTFOUND;
	if (asking->failure == EINTR) /* a dump of elements whose set changed */
		return CF_EAGAIN;
	if (asking->failure == EPERM || asking->failure == EACCES)
		return not_allowed(error);
	return cf_error_set(error, CF_EIO, "cannot read the kernel's tables: %s%s",
	    strerror(asking->failure),
	    asking->failure == EINVAL || asking->failure == EOPNOTSUPP
	        ? "; it may lack nftables (modprobe nf_tables)"
	        : "");
}

static enum cf_status converse(
    int fd, unsigned type, const char *set, struct asking *asking, struct cf_error *error)
{
	enum answer answer = ANSWER_MORE;
	uint8_t *bytes = malloc(ANSWER_BYTES);

	if (bytes == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	if (!send_request(fd, type, asking->all, asking->table, set)) {
		asking->failure = errno;
		answer = ANSWER_FAILED;
	}
	while (answer == ANSWER_MORE) {
		ssize_t len = recv(fd, bytes, ANSWER_BYTES, 0);

		if (len < 0 && errno == EINTR)
			continue;
		asking->failure = len < 0 ? errno : 0;
		answer = len < 0 ? ANSWER_FAILED : take_answer(asking, bytes, (size_t)len);
	}
	free(bytes);
	return outcome(asking, answer, error);
}

enum cf_status cf_netlink_ask(int fd, unsigned type, bool all, const char *table, const char *set,
    cf_netlink_message *message, void *arg, struct cf_error *error)
{
	struct asking asking = {.table = table, .all = all, .message = message, .arg = arg};

	return converse(fd, type, set, &asking, error);
}

static void on_generation(void *arg, const uint8_t *attributes, size_t len)
{
	size_t value_len = 0;
	const uint8_t *value = cf_netlink_find(attributes, len, NFTA_GEN_ID, &value_len);
	uint32_t wire = 0;

	if (value != NULL && value_len == sizeof wire)
		memcpy(&wire, value, sizeof wire);
	*(uint32_t *)arg = ntohl(wire);
}

enum cf_status cf_netlink_generation(int fd, uint32_t *generation_out, struct cf_error *error)
{
	struct asking asking = {.any = true, .message = on_generation, .arg = generation_out};

	return converse(fd, NFT_MSG_GETGEN, NULL, &asking, error);
}

/* ---- transactions */

/* What a message is about, for people: its kind and the names in it. */
static void describe(const struct cf_transaction *batch, uint32_t number, char *text, size_t len)
{
	static const char *const kinds[] = {[NFT_MSG_NEWTABLE] = "table",
	    [NFT_MSG_NEWCHAIN] = "chain",
	    [NFT_MSG_NEWRULE] = "rule of chain",
	    [NFT_MSG_NEWSET] = "set",
	    [NFT_MSG_NEWSETELEM] = "elements of set",
	    [NFT_MSG_NEWOBJ] = "counter",
	    [NFT_MSG_DELTABLE] = "former table",
	    [NFT_MSG_DELCHAIN] = "former chain",
	    [NFT_MSG_DELRULE] = "former rules of chain",
	    [NFT_MSG_DELSET] = "former set",
	    [NFT_MSG_DELSETELEM] = "former elements of set"};
	struct nlmsghdr head;

	(void)snprintf(text, len, "transaction"); /* fits */
	for (size_t at = 0; batch->len - at >= sizeof head; at += NLMSG_ALIGN(head.nlmsg_len)) {
		size_t name_len = 0, begin = NLMSG_HDRLEN + sizeof(struct nfgenmsg);
		unsigned type;
		const uint8_t *name;

		memcpy(&head, batch->bytes + at, sizeof head);
		type = head.nlmsg_type & 0xff;
		if (head.nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES || head.nlmsg_seq != number ||
		    type >= sizeof kinds / sizeof kinds[0] || kinds[type] == NULL)
			continue;
		/* In all of them the second attribute names it. */
		name = cf_netlink_find(batch->bytes + at + begin, head.nlmsg_len - begin,
		    type == NFT_MSG_NEWTABLE || type == NFT_MSG_DELTABLE       ? ATTRIBUTE_TABLE
		        : type == NFT_MSG_NEWCHAIN || type == NFT_MSG_DELCHAIN ? NFTA_CHAIN_NAME
		                                                               : ATTRIBUTE_SET,
		    &name_len);
		(void)snprintf(text, len, "%s '%.*s'", kinds[type], (int)name_len,
		    name == NULL ? "" : (const char *)name); /* cut off if need be */
		return;
	}
}

/* The first refusal among what the kernel answered, or 0. */
static int first_refusal(int fd, uint8_t *bytes, uint32_t *number_out)
{
	int refusal = 0;
	ssize_t len;

	while ((len = recv(fd, bytes, ANSWER_BYTES, MSG_DONTWAIT)) > 0 ||
	    (len < 0 && errno == EINTR)) {
		struct nlmsghdr head;
		int code;

		for (size_t at = 0; len > 0 && (size_t)len - at >= sizeof head + sizeof code;
		     at += NLMSG_ALIGN(head.nlmsg_len)) {
			memcpy(&head, bytes + at, sizeof head);
			memcpy(&code, bytes + at + NLMSG_HDRLEN, sizeof code);
			if (head.nlmsg_type == NLMSG_ERROR && code != 0 && refusal == 0) {
				refusal = -code;
				*number_out = head.nlmsg_seq;
			}
			if (head.nlmsg_len < NLMSG_HDRLEN ||
			    NLMSG_ALIGN(head.nlmsg_len) >= (size_t)len - at)
				break;
		}
	}
	return refusal;
}

/* A transaction is one message to the socket, which has to have the room. */
static bool make_room(int fd, size_t bytes)
{
	int room = bytes > INT_MAX / 2 ? INT_MAX : (int)bytes + 65536;

	return setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) == 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room) == 0;
}

static enum cf_status refused(
    const struct cf_transaction *batch, int refusal, uint32_t number, struct cf_error *error)
{
	char what[96];

	if (refusal == ERESTART) /* the generation is another one */
		return CF_EAGAIN;
	if (refusal == EPERM || refusal == EACCES)
		return not_allowed(error);
	describe(batch, number, what, sizeof what);
	if (refusal == EOPNOTSUPP || refusal == ENOENT)
		return cf_error_set(error, CF_EIO,
		    "nftables: the kernel refuses the %s: %s; it may lack a module that this takes "
		    "(nf_tables, nft_log, nft_limit, nft_reject_inet, nft_fib_inet, nft_nat)",
		    what, strerror(refusal));
	return cf_error_set(
	    error, CF_EIO, "nftables: the kernel refuses the %s: %s", what, strerror(refusal));
}

enum cf_status cf_netlink_send(int fd, const struct cf_transaction *batch, struct cf_error *error)
{
	uint8_t *bytes = malloc(ANSWER_BYTES);
	uint32_t number = UINT32_MAX;
	int refusal = 0;

	if (bytes == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	/* The kernel has looked at all of it when this returns, and its answers wait. */
	if (!make_room(fd, batch->len) || send(fd, batch->bytes, batch->len, 0) < 0)
		refusal = errno;
	if (refusal == EMSGSIZE) {
		free(bytes);
		return cf_error_set(error, CF_EIO,
		    "the kernel takes no transaction of %zu bytes from here; it takes "
		    "CAP_NET_ADMIN, or a larger net.core.wmem_max",
		    batch->len);
	}
	if (refusal == 0)
		refusal = first_refusal(fd, bytes, &number);
	free(bytes);
	return refusal == 0 ? CF_OK : refused(batch, refusal, number, error);
}
