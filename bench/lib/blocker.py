# The Python blocker that the benchmark measures curfew against: what a careful operator would write for
# Unbound's pythonmod. It looks every suffix up in a set on a new query, answers NXDOMAIN with a SOA and
# counts; names it does not know go on. @LIST@ is replaced by the path of the list.
blocked = set()


def init(id, cfg):
    with open("@LIST@") as lines:
        for line in lines:
            blocked.add(line.strip())
    return True


def deinit(id):
    return True


def inform_super(id, qstate, superqstate, qdata):
    return True


def listed(name):
    name = name.rstrip(".").lower()
    while name:
        if name in blocked:
            return True
        dot = name.find(".")
        if dot < 0:
            return False
        name = name[dot + 1:]
    return False


def operate(id, event, qstate, qdata):
    if event in (MODULE_EVENT_NEW, MODULE_EVENT_PASS):
        if listed(qstate.qinfo.qname_str):
            msg = DNSMessage(qstate.qinfo.qname_str, qstate.qinfo.qtype, RR_CLASS_IN, PKT_QR | PKT_RA | PKT_AA)
            msg.authority.append("%s 300 IN SOA localhost. nobody.invalid. 1 60 60 60 300" % qstate.qinfo.qname_str)
            if not msg.set_return_msg(qstate):
                qstate.ext_state[id] = MODULE_ERROR
                return True
            qstate.return_msg.rep.security = 2
            qstate.return_rcode = RCODE_NXDOMAIN
            qstate.no_cache_store = 1
            qstate.ext_state[id] = MODULE_FINISHED
            return True
        qstate.ext_state[id] = MODULE_WAIT_MODULE
        return True
    if event == MODULE_EVENT_MODDONE:
        qstate.ext_state[id] = MODULE_FINISHED
        return True
    qstate.ext_state[id] = MODULE_ERROR
    return True
