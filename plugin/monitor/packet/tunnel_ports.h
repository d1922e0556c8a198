/*
 * The UDP ports behind which a packet lies that is read (decode/decode_tunnel.c says how each).
 * What looks for tunnels takes them from here: decoding, and the filter in the kernel, which must
 * not drop what decoding would read.
 */
#pragma once

#define CF_TUNNEL_PORTS(PORT) \
	PORT(1701)  /* L2TP */ \
	PORT(2152)  /* GTP-U */ \
	PORT(3544)  /* Teredo */ \
	PORT(4341)  /* LISP */ \
	PORT(4754)  /* GRE */ \
	PORT(4789)  /* VXLAN */ \
	PORT(4790)  /* VXLAN-GPE */ \
	PORT(5072)  /* AYIYA */ \
	PORT(5247)  /* CAPWAP */ \
	PORT(6080)  /* GUE */ \
	PORT(6081)  /* Geneve */ \
	PORT(6635)  /* MPLS */ \
	PORT(8472)  /* VXLAN, as Linux first had it */ \
	PORT(37008) /* TZSP */
