/* What stands behind an Ethernet header, by its number (IEEE 802 Numbers of IANA). Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum cf_ether_type {
	CF_ETHER_IP4 = 0x0800,
	CF_ETHER_ARP = 0x0806,
	CF_ETHER_TEB = 0x6558, /* Ethernet again: GRE, Geneve */
	CF_ETHER_VLAN = 0x8100,
	CF_ETHER_IP6 = 0x86dd,
	CF_ETHER_PPP = 0x880b,
	CF_ETHER_MPLS = 0x8847,
	CF_ETHER_MPLS_MULTICAST = 0x8848,
	CF_ETHER_PPPOE = 0x8864,
	CF_ETHER_QINQ = 0x88a8,
	CF_ETHER_PBB = 0x88e7,
	CF_ETHER_TRILL = 0x22f3,
	CF_ETHER_FABRICPATH = 0x8903,
	CF_ETHER_HSR = 0x892f,
	CF_ETHER_FRER = 0xf1c1,
	CF_ETHER_CISCO_META = 0x8909,
	CF_ETHER_VNTAG = 0x8926,
	CF_ETHER_NSH = 0x894f,
	CF_ETHER_ETAG = 0x893f,   /* IEEE 802.1BR */
	CF_ETHER_MACSEC = 0x88e5, /* IEEE 802.1AE */
	CF_ETHER_BATMAN = 0x4305,
	CF_ETHER_LWAPP = 0x88bb,
	CF_ETHER_QINQ_OLD = 0x9100,
	CF_ETHER_QINQ_OLD2 = 0x9200,
	CF_ETHER_LARGEST_LENGTH = 1500, /* below: an IEEE 802.3 length, with LLC behind */
};

/* True for a type that decode_link.c reads or counts by itself. */
bool cf_ethertype_is_read(unsigned type);
