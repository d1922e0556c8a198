/*
 * Every depth, count and size limit of curfew, with its unit and its reason. Reaching one is counted
 * or reported where it happens; none is silent.
 */
#pragma once

/* A DNS name on the wire, root label included; RFC 1035 2.3.4. */
#define CF_NAME_WIRE_BYTES 255
/* Labels in a name, root excluded: (255 - 1) / 2. */
#define CF_NAME_LABELS 127
/* A name as text with every byte escaped as \DDD, dots and terminator: 4 * 253 + ... */
#define CF_NAME_TEXT_BYTES 1025

/* Client groups in one policy; membership travels as a fixed bit set. */
#define CF_GROUPS 256
/* Exceptions in one policy. People write them; more is a mistake or another policy. */
#define CF_EXCEPTIONS 4096
/* Phases in one policy. */
#define CF_PHASES 256
/* Entries that can match one name: 127 labels, three scopes, and policy names. */
#define CF_MATCHES 64

/* EDE text sent to clients; long texts cost truncation on UDP. */
#define CF_EDE_TEXT_BYTES 256

/* One line of the hit log, newline included. */
#define CF_RECORD_BYTES 1024
