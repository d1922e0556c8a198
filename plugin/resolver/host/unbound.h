/*
 * The one door to Unbound's headers, included first in every file of this folder that needs them.
 *
 * Unbound has no stable module interface: these are its private headers, of exactly the source tree
 * the module is built for, and config.h must come first because it decides how structures are laid
 * out. What differs between the versions we build for is probed by meson (CF_UB_*), never guessed
 * from a version number: Debian's patches change structures while the number stays.
 */
#pragma once

#include "config.h"

#include "dynlibmod/dynlibmod.h"
#include "iterator/iterator.h"
#include "services/cache/dns.h"
#include "services/cache/infra.h"
#include "services/cache/rrset.h"
#include "services/listen_dnsport.h"
#include "services/localzone.h"
#include "services/mesh.h"
#include "services/modstack.h"
#include "sldns/pkthdr.h"
#include "sldns/rrdef.h"
#include "sldns/sbuffer.h"
#include "sldns/wire2str.h"
#include "util/config_file.h"
#include "util/data/dname.h"
#include "util/data/msgreply.h"
#include "util/data/packed_rrset.h"
#include "util/log.h"
#include "util/module.h"
#include "util/net_help.h"
#include "util/netevent.h"
#include "util/regional.h"
#include "util/storage/lruhash.h"
#include "util/storage/slabhash.h"
#include "util/ub_event.h"
