/*
 * Every depth, count and size limit of curfew, with its unit and its reason. Reaching one is
 * counted or reported where it happens; none is silent.
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
/* Schedules of an image: packs under different presets, and presets for some clients alone. The
 * phases' sets of them are one word. */
#define CF_SCHEDULES 64
/* Entries that can match one name: 127 labels, three scopes, and policy names. */
#define CF_MATCHES 64

/* EDE text sent to clients; long texts cost truncation on UDP. */
#define CF_EDE_TEXT_BYTES 256

/* The trusted comment of a signature, terminator included: a statement of some twenty words. */
#define CF_SIGNED_COMMENT_BYTES 1024

/* A signed bundle of a pack, packed; a million names take 10 MiB. */
#define CF_BUNDLE_BYTES 268435456
/* ... and all that is taken out of one. */
#define CF_BUNDLE_UNPACKED_BYTES 2147483648LL
/* A signed image from elsewhere: what a stranger may make us read before it is verified. */
#define CF_SIGNED_IMAGE_BYTES 2147483647
/* Files in a bundle: seven tables and the presets. */
#define CF_BUNDLE_FILES 256

/* One line of the hit log, newline included. */
#define CF_RECORD_BYTES 1024
/* A signed seal at most: a record, the key's id and a signature. */
#define CF_SEAL_BYTES (CF_RECORD_BYTES + 160)
/* ... and one that says as well whom its key followed. */
#define CF_KEY_SEAL_BYTES (CF_SEAL_BYTES + 288)
/* A line that a reader still looks at; longer ones are skipped and counted. Ours have at most
 * CF_RECORD_BYTES, later versions may have more. */
#define CF_RECORD_LINE_BYTES 4096
/* One record in a producer's queue at most: three names, four long texts, 25 words. */
#define CF_RECORD_PACKED_BYTES 6144
/* A short text (list, category, interface ...) of a record, its terminator left out. */
#define CF_RECORD_WORD_BYTES 96
/* A long text (SNI, URI, user agent ...) as far as it is kept; the line keeps less still. */
#define CF_RECORD_TEXT_BYTES 512
/* A producer's queue unless told otherwise: 10,000 whole hits, 25,000 by reference - 100 ms at more
 * than any server can answer. */
#define CF_QUEUE_BYTES 4194304
/* What a producer may put behind the head of a deferred hit: a name, an address, some numbers. */
#define CF_DEFERRED_BYTES 512
/* (client, entry, verdict, evidence) pairs being folded at one time; 1.9 KiB each when in use. */
#define CF_FOLD_ENTRIES 32768
/* Client addresses that a log remembers, and that it may write of at once. Ten times the clients of
 * a large site; a flood of made-up ones is refused from there on, but for so many a second, and
 * counted. */
#define CF_NEWCOMERS       262144
#define CF_NEWCOMERS_PER_S 50
/* The first repeat kept as the sample of a fold; longer records lose their long texts. */
#define CF_FOLD_SAMPLE_BYTES 1792
/* Lines kept while the disk refuses them; what comes after is counted as lost. */
#define CF_LOG_PENDING_BYTES 1048576
/* How far back from its end a log is read at start to find the last seal. */
#define CF_LOG_TAIL_BYTES 268435456
/* Writers (sensor and source) told apart in one log when it is verified. */
#define CF_LOG_WRITERS 65536
/* Witnessed seals that a log is held against: thirty writers for a year. */
#define CF_WITNESS_SEALS 16777216
/* Lines that are no records, held until a writer accounts for them. */
#define CF_LOG_STRAYS 1024

/* What a compressed file may grow to, times its own bytes, once it has given CF_UNPACK_FREE_BYTES:
 * a few KB must not keep a reader busy for hours. Logs grow 10 to 50 times, captures of a flood 500
 * times. */
#define CF_UNPACK_FREE_BYTES     67108864
#define CF_UNPACK_LOG_FACTOR     400
#define CF_UNPACK_CAPTURE_FACTOR 4096

/* VLAN ids remembered of one frame; more tags are read, their ids dropped. */
#define CF_VLAN_TAGS 4
/* Headers in each other that the monitor takes off before it gives up: tunnels in tunnels. */
#define CF_TUNNEL_DEPTH 8
/* IPv6 extension headers of one packet; RFC 8200 knows seven. */
#define CF_IPV6_EXTENSIONS 8
/* IP datagrams put together from fragments at one time, each of 65,535 bytes. */
#define CF_FRAGMENT_DATAGRAMS 64
/* A datagram whose fragments are not all here after this long is dropped; Linux waits as long. */
#define CF_FRAGMENT_LIFE_S 30
/* Pieces with holes between them of one datagram or stream; tiny pieces in order need one. */
#define CF_SPANS 128
/* TCP directions whose stream position is remembered; 16 bytes each. */
#define CF_STREAM_FLOWS 131072
/* Unfinished messages in TCP streams held at one time. */
#define CF_STREAMS 2048
/* Directions under way when first seen, whose first bytes wait for the beginning of a message. */
#define CF_STREAM_ORPHANS 256
/* Longest message put together from a TCP stream: a post-quantum ClientHello has 2 KiB, the longest
 * seen in the wild 11.4. Twice this is reserved for streams whose beginning was not seen. */
#define CF_STREAM_BYTES 16384
/* An unfinished message older than this is reported as far as it came, and dropped. */
#define CF_STREAM_LIFE_S 15
/* QUIC handshakes whose ClientHello is not complete, held at one time. */
#define CF_QUIC_HANDSHAKES 1024
/* Deflated IP payloads that are unpacked: so many at once, and a second; and times the payload's
   own length. Deflate takes at most 1,032 times and does 250 in a packet of zeros; data that was
   worth packing takes two to six. */
#define CF_IPCOMP_BURST 1000
#define CF_IPCOMP_PER_S 2000
#define CF_IPCOMP_TIMES 8
/* HTTP/2 connections in the clear whose headers are read, each with a table of the size that
 * browsers and servers of today allow, and the bytes kept of a field: names and agents are shorter.
 */
#define CF_HTTP2_CONNECTIONS 128
#define CF_HTTP2_TABLE_BYTES 65536
#define CF_HTTP2_FIELD_BYTES 1024
/* CRYPTO bytes kept of one QUIC handshake; as CF_STREAM_BYTES. */
#define CF_QUIC_CRYPTO_BYTES 16384
/* Fields of an HTTP head that are looked at, of those whose first letter is that of one that is
 * read. Apache httpd takes 100 fields in all, nginx 1,000, Node.js 2,000. */
#define CF_HTTP_FIELDS_READ 128
/* First bytes of an HTTP body that are waited for: the vendor's magic has four. */
#define CF_HTTP_MAGIC_BYTES 8
/* Interfaces of one section of a pcapng file; packets of further ones are not read. */
#define CF_CAPTURE_INTERFACES 65536

/* Complaints kept of one reading of human-edited files; more are counted. A screen or two. */
#define CF_DIAGS 200
/* One file of a pack: ten million names of 100 bytes fit. */
#define CF_PACK_FILE_BYTES (2000LL * 1024 * 1024)
/* Entries of one table of a pack. */
#define CF_PACK_ENTRIES 16000000
/* Names that one numbered pattern may stand for; a family has a hundred. */
#define CF_PATTERN_NAMES 10000
/* A pack.yaml or preset; people write them. */
#define CF_YAML_BYTES (256 * 1024)
/* Overlay files beside a pack; one a day for a year. */
#define CF_OVERLAYS 400
/* A path that commands build; PATH_MAX without its surprises. */
#define CF_PATH_BYTES 4096

/* A policy file; the largest sensible one, 4096 exceptions, has about 1 MiB. */
#define CF_POLICY_BYTES 4194304
/* Vendors whose packs one policy uses. */
#define CF_VENDORS 64
/* Places of one pack: the publisher's and mirrors, tried in turn. */
#define CF_UPDATE_PLACES 8
/* Keys of one publisher at a time: the one in use, the next, spares. */
#define CF_UPDATE_KEYS 8
/* Packs of an image: those of the vendors, the policy's own names that follow each, canaries. */
#define CF_PACKS_MOST (2 * CF_VENDORS + 1)
/* Prefixes of one client group. */
#define CF_GROUP_PREFIXES 4096
/* Names of one exception, and query types; there are about 90 types. */
#define CF_EXCEPTION_NAMES 4096
#define CF_EXCEPTION_TYPES 64
/* Names an operator adds in the policy itself; more belong into a pack. */
#define CF_POLICY_NAMES 4096
/* Values in such a file; 4096 exceptions have some 60,000. */
#define CF_YAML_NODES 262144
/* Lists and mappings in each other; our files need five. */
#define CF_YAML_DEPTH 16
/* Keys of one mapping; each is compared with those before it. Groups are the most, 256. */
#define CF_YAML_KEYS 1024
/* An exception or phase this near its end or beginning is worth a line of apply and check: two
 * weeks. */
#define CF_LAPSE_NOTICE_S 1209600

/* One image file, bytes; sections are indexed by 32 bits, and more is a mistake. */
#define CF_IMAGE_BYTES (16ULL << 30)
/* Names of one home before the writer takes another hash key; with as many homes as names one home
 * in nine million has ten or more (Poisson). Bounds the cost of the worst look-up. */
#define CF_IMAGE_HOME_NAMES 32
/* Hash keys tried by the writer. One is enough unless the hash is broken. */
#define CF_IMAGE_KEYS 8
/* Entries of one name: every exception of a policy may name it, and a few packs. Bounds a look-up.
 */
#define CF_NAME_ENTRIES 16384

/* Lines or distinct sums after which ingest commits: about 100 MiB of memory. */
#define CF_BATCH_LINES 1000000
#define CF_BATCH_SUMS  300000
/* Bytes kept of a sample value or a host name in the ledger. */
#define CF_LEDGER_TEXT_BYTES 255
/* An identity or lease spanning more days than this is believed at its end only. */
#define CF_IDENTITY_DAYS 400
/* Distinct endpoints, claims, rules or kinds in one ledger at one time; lines past it are counted
 * as rejected. Spoofed addresses must not fill the disk. */
#define CF_LEDGER_NAMES 4000000
/* Of these, as many are kept in memory by one run of ingest: some 100 bytes each. */
#define CF_BATCH_NAMES 1000000

/* A database of AS numbers, which is copied into memory; the largest today has 110 MiB. */
#define CF_MMDB_BYTES 1073741824
/* Wire signatures of one kind in one image; people write them. */
#define CF_SIGNATURES_OF_KIND 256
/* Alternative names read of one certificate. */
#define CF_CERTIFICATE_NAMES 32
/* Flows to the vendor followed at one time; about 1 KiB each, touched only when used. */
#define CF_VENDOR_FLOWS 16384

/* Connections at the edge that are told apart at once; more cost a record each packet. */
#define CF_EDGE_ATTEMPTS 4096
/* What was seen of a flow (name or address) kept for its last record; longer ones are cut. */
#define CF_FLOW_VALUE_BYTES 256
/* The phrase for people in a record; longer ones are cut. */
#define CF_FLOW_REASON_BYTES 160
/* A flow is over after this silence: closed, only opened, UDP, TCP. Linux's conntrack waits alike.
 */
#define CF_FLOW_CLOSED_S   5
#define CF_FLOW_SYN_S      30
#define CF_FLOW_UDP_IDLE_S 60
#define CF_FLOW_TCP_IDLE_S 300
/* Addresses inside vendor networks that DNS announced to somebody, remembered at one time. */
#define CF_ANNOUNCED 16384
/* How long an announcement is remembered beyond its TTL: programs keep addresses much longer. */
#define CF_ANNOUNCED_LIFE_S 86400
/* Hosts of which it is known whether their DNS is visible here. */
#define CF_DNS_CLIENTS 32768
/* An answer seen this long ago still shows that a host's DNS passes here. */
#define CF_DNS_VISIBLE_S 86400
/* Clients followed from a failed look-up to the vendor's fallback resolvers. */
#define CF_BYPASS_CLIENTS 1024
/* From the block to the first fallback question, and from each to the next. */
#define CF_BYPASS_WINDOW_S 300
/* The finding is written after this silence: then the sequence is over. */
#define CF_BYPASS_QUIET_S 30
/* A question without answer counts as failed after this long; resolvers' clients wait as long. */
#define CF_DNS_PATIENCE_S 2
/* Compression pointers followed for one name: a label each at most, or somebody plays. */
#define CF_DNS_JUMPS 127
/* Look-ups of listed names that wait for their answer at one time, some 400 bytes each, and for how
 * long: a stub resolver waits 5 seconds for each server, a recursion may take twice that. */
#define CF_LOOKUPS           4096
#define CF_LOOKUP_PATIENCE_S 10
/* DHCP clients whose words are kept until an answer comes, some 300 bytes each. */
#define CF_ASKS 4096
/*
 * Identities of a sensor: so many new hosts (or changes, or clients that ask) are written at once,
 * and so many a second after that; at 260 bytes a line a flood writes some 1 GB a day, no more.
 */
#define CF_IDENTITY_BURST 16384
#define CF_IDENTITY_PER_S 20
/* A packet's time further than this from those before it is believed when a second one is near. */
#define CF_IDENTITY_LEAP_S 86400
/* Addresses in one lease file and those beside it, some 300 bytes each. */
#define CF_LEASE_ADDRESSES 1000000
/* A lease file larger than this is refused: it is read whole. */
#define CF_LEASE_FILE_BYTES (1LL << 30)
/* Local hosts whose identity is followed: (address, VLAN) with MAC and name, some 200 bytes each.
 */
#define CF_HOSTS 65536
/* A host that still sends is recorded again after this long. */
#define CF_IDENTITY_REFRESH_S 3600
/* MAC addresses followed to tell routers from hosts. */
#define CF_MACS 16384
/* IPv4 addresses one MAC may use before it is taken for a router's. */
#define CF_MAC_ADDRESSES 4
/* A host name kept for its identity; longer ones are cut. */
#define CF_HOST_NAME_BYTES 64
/* DHCP client id or DUID kept (RFC 8415 11.1: at most 130). */
#define CF_CLIENT_ID_BYTES 130
/* (host, server) pairs of a managed estate followed at one time. */
#define CF_LAN_PAIRS 2048
/* An interface that always had packets and has none for this long is not taken for quiet; one that
 * never had any gets longer. Switches and hosts talk several times a minute by themselves. */
#define CF_SILENCE_S       15
#define CF_SILENCE_FIRST_S 60
/* Network interfaces of one monitor, and worker threads of each. */
#define CF_INTERFACES 16
#define CF_WORKERS    64
/* Resolvers and local networks given on the command line. */
#define CF_OPTION_ADDRESSES 64

/* tap: one dnstap frame: a question and an answer of 64 KiB each, and what belongs to them. */
#define CF_TAP_FRAME_BYTES (132 * 1024)
/* What protobuf-c may use to read one: twice its size; a frame of nothing but tiny fields that
 * nobody knows takes more, and is not read. */
#define CF_TAP_MEMORY_BYTES (264 * 1024)
/* Sockets to listen on, and resolvers' streams on all of them. */
#define CF_TAP_SOCKETS 16
#define CF_TAP_STREAMS 64
/* Clients of one stretch of the roll; more are counted as left out. */
#define CF_TAP_CLIENTS 65536
/* Look-ups of one stream whose question and answer are held against each other (24 bytes each), and
 * how long a resolver may take for an answer. */
#define CF_TAP_PAIRS      16384
#define CF_TAP_PATIENCE_S 120
/* How long after its time a message may arrive: libfstrm and Unbound hold some back for a second,
 * and threads take turns. */
#define CF_TAP_DELAY_S 5

/* fleet: what a bundle holds at most, unpacked and packed. One segment is a minute; one of 262,144
 * new clients (CF_NEWCOMERS) has some 80 MB. */
#define CF_FLEET_PLAIN_BYTES  (128u << 20)
#define CF_FLEET_PACKED_BYTES (32u << 20)
/* What a body may unpack to, times its own bytes: logs grow 10 to 50 times. */
#define CF_FLEET_FACTOR 400u
