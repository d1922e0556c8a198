/*
 * The words of identity records, for who writes them (monitor, imports of leases) and who reads
 * them (ledger).
 *
 * An identity record is a claim: this MAC, client or name had this address from its timestamp to
 * its `last`. What kind of claim says how much it binds; a reason for its end says that nobody may
 * be taken to have held the address longer. Without a reason the claim merely stops being seen.
 *
 * Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a claim is over. The numbers stand in ledgers: append only. */
enum cf_identity_end {
	CF_IDENTITY_OPEN = 0, /* it is not, or was only not seen any more */
	CF_IDENTITY_EXPIRED,  /* its lease ran out */
	CF_IDENTITY_RELEASED, /* the client gave it back (RFC 2131 4.4.6, RFC 8415 18.2.7) */
	CF_IDENTITY_DECLINED, /* the client found it in use by another */
	CF_IDENTITY_REFUSED,  /* the server took it away: NAK, or a lifetime of 0 */
	CF_IDENTITY_REPLACED, /* another owner has it now */
	CF_IDENTITY_ENDED,    /* in a word of a later version */
};

/* "released" ...; NULL for OPEN and out of range. Static storage. */
const char *cf_identity_end_text(enum cf_identity_end end);
/* OPEN for no text, ENDED for a word that is not known here. */
enum cf_identity_end cf_identity_end_parse(const char *text, size_t len);

/* How much a claim says about who holds the address. */
enum cf_identity_strength {
	CF_IDENTITY_SHOWN, /* packets and names with this MAC: a router forwards such, too */
	CF_IDENTITY_BOUND, /* a server's grant, a lease, or the owner's ARP and NDP */
};

/* Of identity.kind; SHOWN for a word that is not known here. */
enum cf_identity_strength cf_identity_strength(const char *kind);
/* What the beginning of a claim says about the time before it. */
enum cf_identity_beginning {
	CF_IDENTITY_NOTICED, /* nothing: the sensor came to see it then */
	CF_IDENTITY_GRANTED, /* the address was this client's already (a renewal) or nobody's */
	CF_IDENTITY_BEGUN,   /* the address was not this client's */
};

enum cf_identity_beginning cf_identity_beginning(const char *kind);

/*
 * A name made to be thrown away, which names no host: browsers hide addresses behind UUID.local in
 * mDNS (draft-ietf-mmusic-mdns-ice-candidates). Any case, with or without a last dot.
 */
bool cf_identity_is_throwaway(const char *name, size_t len);
