/* SPDX-License-Identifier: MIT */
/**
 * @file rules.h
 * @brief Floor 0: every rule, once.
 *
 * The rule and status enumerations, their names, docs/rules.md and the ablation
 * test are all made from the tables below.
 *
 * A row of VQG_RULES is `X(NAME, ID, ATTACKER, KIND, CLAUSE, SENTENCE)`:
 *
 * - ID: the catalogue's letter and number.
 * - ATTACKER: who would break it: DEVICE, DRIVER, or BOTH.
 * - KIND: FATAL latches the endpoint. CHAIN concerns one chain, so that a device
 *   may drop that chain instead. SETUP refuses a configuration. CALLER keeps the
 *   including program from breaking a promise itself. BUILT is kept by the way
 *   the code is built, with nothing to switch off. LEFT is not for this library,
 *   with the reason as its sentence.
 * - CLAUSE: of the virtio specification (numbering of 1.2 and later), or "-".
 */
#ifndef VQGUARD_RULES_H
#define VQGUARD_RULES_H

/** The rules; see the top of this file. */
#define VQG_RULES(X)                                                                                                   \
    /* A.1 access to shared memory */                                                                                  \
    X(SINGLE_FETCH, X1, BOTH, BUILT, "-", "A shared field is fetched once, through shared.h, and only the copy is used") \
    X(NO_TORN_ACCESS, X2, BOTH, BUILT, "-", "Indices, flags and event words move in one access of their own width")    \
    X(ORDERING, X3, BOTH, BUILT, "2.7.13.3.1",                                                                         \
      "Indices are fetched with acquire and stored with release; a full fence stands before an event word is fetched") \
    X(WRITE_ONLY, X4, DEVICE, BUILT, "2.7.5.1", "What the driver wrote to shared memory is never fetched back")        \
    X(NO_HANDLES, X5, DEVICE, BUILT, "-", "Cookies, pointers and recorded lengths never stand in shared memory")       \
    X(FULL_WIDTH, X6, BOTH, BUILT, "2.7.8",                                                                            \
      "Values are compared at the width they were fetched in; index distances are taken modulo 2^16")                  \
    X(NOSPEC, X7, BOTH, BUILT, "-", "An index passes VQG_PORT_NOSPEC between its rule and its first use")              \
    X(SELF_ALIAS, X8, DRIVER, CHAIN, "-", "A device-writable element does not overlap the parts of its own queue")     \
    /* A.2 geometry */                                                                                                 \
    X(QUEUE_SIZE_ZERO, Q1, BOTH, SETUP, "4.1.4.3.2", "A queue has at least one descriptor")                            \
    X(QUEUE_SIZE_SPLIT, Q2, BOTH, SETUP, "2.7", "A split queue's size is a power of two, at most 32768")               \
    X(QUEUE_SIZE_PACKED, Q3, BOTH, SETUP, "2.8", "A packed queue has at most 32768 descriptors, any number of them")   \
    X(QUEUE_SIZE_MAX, Q4, BOTH, SETUP, "4.2.2.2", "A queue is no larger than was offered, nor than the private record")\
    X(QUEUE_ALIGN, Q5, DRIVER, SETUP, "2.7.1", "Each ring part is aligned as the specification asks")                  \
    X(QUEUE_EXTENT, Q6, DRIVER, SETUP, "2.7",                                                                          \
      "One capability with the right covers each ring part, its event word included, without wrapping")                \
    X(QUEUE_DISJOINT, Q7, DRIVER, SETUP, "-", "The ring parts overlap neither each other nor another queue's")         \
    X(QUEUE_FROZEN, Q8, DRIVER, CALLER, "4.1.4.3.2", "A queue's configuration changes only between reset and enable")  \
    X(QUEUE_INDEX, Q9, DRIVER, SETUP, "2.6", "A queue's index, at full width, is below the number of queues")          \
    X(LEGACY_LAYOUT, Q10, BOTH, SETUP, "2.7.2", "The legacy layout is computed with overflow tested and a sane alignment") \
    X(BYTE_ORDER, Q11, BOTH, SETUP, "2.7.3", "Byte order is fixed at set-up; VERSION_1 means little-endian")           \
    /* A.3 avail ring */                                                                                               \
    X(AVAIL_JUMP, S1, DRIVER, FATAL, "2.7.6.1", "The avail index is ahead by at most the queue size")                  \
    X(HEAD_RANGE, S2, DRIVER, FATAL, "2.7.6", "A head is below the queue size")                                        \
    X(OVERSUBSCRIBED, S3, DRIVER, FATAL, "2.7", "Chains waiting and chains in flight together fit the queue")          \
    X(HEAD_IN_FLIGHT, S4, DRIVER, FATAL, "2.7.13.1", "A head, or a packed buffer's id, that is made available is not already in flight") \
    X(SHARED_DESCRIPTOR, S5, DRIVER, FATAL, "2.7.13.1", "No descriptor of a chain belongs to a chain in flight")       \
    X(SPURIOUS_KICK, S6, DRIVER, BUILT, "2.7.10.2", "A call takes at most one chain; a kick without one changes nothing") \
    /* A.4 chains */                                                                                                   \
    X(NEXT_RANGE, C1, DRIVER, CHAIN, "2.7.5", "The next index is inside the table it stands in")                       \
    X(CHAIN_BOUND, C2, DRIVER, CHAIN, "2.7.5.2", "A chain ends within the longest allowed; tested element by element")  \
    X(TOTAL_LENGTH, C3, DRIVER, CHAIN, "2.7.5.2", "The lengths of a chain add up to less than 2^32")                   \
    X(ELEMENT_RANGE, C4, DRIVER, CHAIN, "2.7.5", "An element does not wrap, nor pass the highest address")             \
    X(CAPABILITY, C5, DRIVER, CHAIN, "2.7.5.1", "A capability covers the element's address")                           \
    X(READ_AFTER_WRITE, C6, DRIVER, CHAIN, "2.7.4.2", "No device-readable element follows a device-writable one")      \
    X(RESERVED_FLAGS, C7, DRIVER, CHAIN, "2.7.5", "Reserved descriptor flag bits are zero")                            \
    X(ZERO_LENGTH, C8, DRIVER, CHAIN, "2.7.13.1", "An element has bytes, unless the policy skips empty ones")          \
    X(DIRECTION, C9, DRIVER, CHAIN, "5", "Elements go the way that the queue goes")                                    \
    X(MINIMUM_SIZE, C10, DRIVER, CHAIN, "2.7.4.1", "A chain has the readable and writable bytes that its device needs")\
    X(WRITTEN_LENGTH, C11, BOTH, CALLER, "2.7.8.2", "A device reports no more bytes than the chain's writable ones")   \
    X(NOT_POPPED, C12, BOTH, CALLER, "2.7.8", "A device returns only a chain that it popped, once")                    \
    X(ERROR_IS_NOT_END, C13, DRIVER, BUILT, "-", "A chain that breaks a rule is never handed out as a shorter one")    \
    /* A.5 indirect tables */                                                                                          \
    X(INDIRECT_FEATURE, I1, DRIVER, CHAIN, "2.7.5.3.1", "Indirect tables come only when the feature was acknowledged") \
    X(TABLE_LENGTH, I2, DRIVER, CHAIN, "2.7.5.3", "A table's length is a multiple of 16 bytes and not zero")           \
    X(TABLE_ENTRIES, I3, DRIVER, CHAIN, "2.7.5.3.1", "A table has no more entries than allowed")                       \
    X(TABLE_READABLE, I4, DRIVER, CHAIN, "2.7.5.3", "One capability with the read right covers a whole table")         \
    X(TABLE_NESTED, I5, DRIVER, CHAIN, "2.7.5.3.1", "No table refers to a table")                                      \
    X(INDIRECT_NEXT, I6, DRIVER, CHAIN, "2.7.5.3.1", "A descriptor that refers to a table ends the direct list")       \
    X(REFERRER_WRITE, I7, DRIVER, BUILT, "2.7.5.3.2", "The write flag of a descriptor that refers to a table is ignored") \
    X(INDIRECT_MIXED, I8, DRIVER, CHAIN, "2.7.5.3.2", "Direct elements before a table are read as such, or refused by the strict profile") \
    X(TABLE_SEQUENTIAL, I9, DRIVER, CHAIN, "2.8.7",                                                                    \
      "Entries of a packed table follow each other; their NEXT and lap flags are ignored, or refused by the strict profile") \
    X(TABLE_ALONE, I10, DRIVER, CHAIN, "2.8.5", "A descriptor of a packed queue that refers to a table is alone in its list") \
    X(SNAPSHOT, I11, DRIVER, BUILT, "-", "A table entry is copied to private memory before any of it is judged")       \
    X(TABLE_ALIAS, I12, DRIVER, CHAIN, "-", "A device-writable element does not overlap the chain's own table")        \
    X(TABLE_RELEASE, I13, DEVICE, BUILT, "-", "Nothing about a table that was lent is taken from shared memory")       \
    /* A.6 used ring */                                                                                                \
    X(USED_JUMP, U1, DEVICE, FATAL, "2.7.8", "The used index is ahead by at most the chains outstanding")              \
    X(USED_ID_RANGE, U2, DEVICE, FATAL, "2.7.8", "A used id, all 32 bits of it, is below the queue size")              \
    X(USED_ID_OUTSTANDING, U3, DEVICE, FATAL, "2.7.8", "A used id is a head, or a packed buffer's id, that was exposed and not returned") \
    X(EXACTLY_ONCE, U4, DEVICE, BUILT, "-", "A head leaves the record before its cookie is handed up")                 \
    X(USED_LENGTH_MAX, U5, DEVICE, FATAL, "2.7.8", "The used length is at most the chain's writable bytes")            \
    X(USED_LENGTH_MIN, U6, DEVICE, FATAL, "2.7.8.3", "The used length is at least what the caller asked for")          \
    X(TAIL_HIDDEN, U7, DEVICE, BUILT, "2.7.8.3", "No length beyond what the device reported, nor beyond what was lent, is handed up") \
    X(PRIVATE_FREE_LIST, U8, DEVICE, BUILT, "-", "The free list and the links of a chain are private")                 \
    X(BUDGET, U9, DEVICE, BUILT, "-", "A call takes at most one completion; a batch is bounded by the chains outstanding") \
    X(LIVE_ONLY, U10, DEVICE, BUILT, "2.4.1", "Completions are taken only while the queue is live")                    \
    /* A.7 event words */                                                                                              \
    X(EVENT_IS_HINT, E1, BOTH, BUILT, "2.7.10", "Event words and flags decide about notifications, nothing else")      \
    X(EVENT_WRAP, E2, BOTH, BUILT, "2.7.10.1", "The event comparison is safe when the indices wrap")                   \
    X(EVENT_RECHECK, E3, BOTH, BUILT, "2.7.14", "After arming an event the ring is looked at once more")               \
    X(EVENT_FLAGS, E4, BOTH, BUILT, "2.7.10.1", "With event words in use the flag bit is not consulted")               \
    X(EVENT_DISTANCE, E5, DEVICE, BUILT, "2.7.10.1", "At most a queue size lies between two notify decisions")         \
    /* A.8 packed ring */                                                                                              \
    X(PACKED_FLAGS, P1, BOTH, BUILT, "2.8.1",                                                                          \
      "An element is available, or used, only when both of its flags say so to the private wrap counter")              \
    X(PRIVATE_CURSOR, P2, BOTH, BUILT, "2.8.6", "Offsets and wrap counters are private and move only by recorded counts") \
    X(LIST_BOUND, P3, DRIVER, FATAL, "2.8.17", "A list ends within the descriptors that are not in flight; tested before each fetch") \
    X(MEMBER_AVAILABLE, P4, DRIVER, FATAL, "2.8.6", "Every element of a list is available in its own lap")             \
    X(BUFFER_ID_RANGE, P5, DRIVER, FATAL, "2.8.6", "A buffer's id is that of its last element, and below the queue size") \
    X(CURSOR_BY_RECORD, P6, DEVICE, BUILT, "2.8.22", "A used id passes U2 and U3 before its recorded count moves the cursor") \
    X(RING_TOTAL, P7, BOTH, BUILT, "2.8.17", "The descriptors of all lists in flight fit the ring; the count is private") \
    X(LENGTH_NEEDS_WRITE, P8, DEVICE, BUILT, "2.8.4", "A used element without the write flag has length 0, whatever it says") \
    X(RING_OVERWRITTEN, P9, DEVICE, BUILT, "2.8", "A driver fetches nothing of the packed ring but the one element that it takes") \
    X(HEAD_LAST, P10, BOTH, BUILT, "2.8.17", "A list's first flags are stored last; an add that fails leaves no element available") \
    X(EVENT_STRUCTURE, P11, BOTH, BUILT, "2.8.14",                                                                     \
      "An event structure is fetched once, in one piece; one that could not be true asks for a notification")          \
    X(RING_COPIED, P12, DRIVER, BUILT, "2.8", "Nothing of a popped list is fetched from the packed ring again")        \
    /* A.9 in order */                                                                                                 \
    X(USED_ORDER, O1, DEVICE, BUILT, "2.7.9", "With IN_ORDER a used id that passed U3 completes, in private order, all chains up to it") \
    X(USED_BATCH, O2, DEVICE, FATAL, "2.7.9", "A batch of a split queue has no more chains than the used index advanced") \
    X(CLAIMED_LENGTH, O3, DEVICE, SETUP, "2.7.9", "A length that nobody wrote is marked as claimed; IN_ORDER is refused unless the policy says that buffers are zeroed") \
    X(DESCRIPTOR_ORDER, O4, DRIVER, FATAL, "2.7.5.2", "With IN_ORDER descriptors of a split queue, and entries of its tables, follow each other") \
    X(RETURN_ORDER, O5, BOTH, CALLER, "2.7.9", "With IN_ORDER a device returns chains in the order in which they were made available") \
    /* A.10 notifications */                                                                                           \
    X(NOTIFY_QUEUE, N1, DRIVER, CHAIN, "2.9", "A notification names, at full width, a queue that exists")              \
    X(NOTIFY_HINT, N2, DRIVER, FATAL, "2.9", "The index in a notification could be true, and is otherwise unused")     \
    /* A.11 life cycle */                                                                                              \
    X(READY_FIRST, R1, DEVICE, CALLER, "3.1.1", "Before DRIVER_OK nothing is notified and no interrupt is looked at")   \
    X(RESET_BOUNDED, R2, DEVICE, SETUP, "2.4.2",                                                                       \
      "A reset is over when the device says so, and is waited for only as long as the caller says")                    \
    X(RESET_ACKNOWLEDGED, R3, DEVICE, CALLER, "2.6.1.1.2", "Buffers come back only after the device acknowledged the reset") \
    X(GENERATION, R4, BOTH, CALLER, "2.6.1.1.1", "A completion of an earlier generation is refused")                   \
    X(ENABLE_VALIDATES, R5, DRIVER, BUILT, "2.6.1.2", "Enabling after a reset passes every set-up rule again")         \
    X(STATUS_ORDER, R6, DRIVER, SETUP, "2.1.1",                                                                        \
      "Status bits are only added, in their order; features and queues are configured only where it allows that")      \
    X(RESTORE, R7, DRIVER, SETUP, "2.14", "Saved indices and heads pass the rules of live ones")                       \
    X(NEEDS_RESET, R8, BOTH, BUILT, "2.1.2", "After a fatal violation the queue is not touched until reset")           \
    /* A.12 transport, features, configuration */                                                                      \
    X(FEATURES_KNOWN, T1, DEVICE, BUILT, "2.2.1", "Accepted features were offered, are known, and what they need is with them") \
    X(FEATURES_REQUIRED, T2, DEVICE, FATAL, "2.2.1", "The features that the driver requires were offered, VERSION_1 among them") \
    X(STATUS_KEPT, T3, DEVICE, FATAL, "3.1.1", "Status bits that the driver set read back; from then on its features are private") \
    X(FEATURES_OFFERED, T4, DRIVER, SETUP, "2.2.2", "Acknowledged features were offered, and include what the device requires") \
    X(DEVICE_REGISTER, T7, DEVICE, FATAL, "4.2.2.2",                                                                   \
      "Magic, version, device id, largest queue size and queue ready read as they must")                               \
    X(CONFIG_FIELD, T8, DEVICE, FATAL, "2.5.1", "A configuration field is read within a fixed number of turns and judged once") \
    X(CONFIG_COUNT, T9, DEVICE, FATAL, "5", "A count in the configuration is not 0, and no more of it is used than the caller has room for") \
    X(QUEUE_SELECTED, T11, DRIVER, SETUP, "4.2.2", "The selected queue, at full width, exists when one of its registers is written") \
    X(REGISTER_ACCESS, T12, DRIVER, SETUP, "4.2.2",                                                                    \
      "A register is accessed as it is defined: offset, width, direction, reserved bits")                              \
    /* A.13 capabilities */                                                                                            \
    X(EVERY_BYTE, M1, DRIVER, CHAIN, "-", "Capabilities cover every byte; a buffer over two is split only if the policy says so") \
    X(RIGHT, M2, DRIVER, CHAIN, "2.7.5.1", "The capability has the right for the direction; W never implies R")        \
    X(PIN, M3, DRIVER, CHAIN, "-", "A capability is pinned from validation to completion")                             \
    X(GRANULE, M6, BOTH, SETUP, "-", "Capabilities start and end on the platform's granule")                           \
    X(NO_REUSE, M7, BOTH, CALLER, "-", "An address range is not given to another capability while it is in flight")    \
    X(EMPTY_HAS_NO_POINTER, M8, DRIVER, BUILT, "-", "An element without bytes never yields a pointer")                 \
    X(QUOTA, M9, DRIVER, CHAIN, "-", "A chain keeps to the policy's bytes and to the caller's segments")               \
    /* A.14 what lies in the buffers */                                                                                \
    X(STATUS_KNOWN, D1, DEVICE, FATAL, "5.2.6", "The status of a request is one that the specification has")           \
    X(STATUS_WRITTEN, D2, DEVICE, FATAL, "5.2.6",                                                                      \
      "The status of a request was written: it is no longer what stood there before, and the used length reaches it")  \
    X(PAYLOAD_LENGTH, D3, BOTH, BUILT, "2.7.4.1", "A copy of payload stays within what was lent, and within the structure that it goes to") \
    X(PAYLOAD_COPIED, D4, BOTH, BUILT, "-", "Payload that a decision needs is copied to private memory, each byte once, and the copy is judged") \
    /* virtio-blk requests */                                                                                          \
    X(BLK_MAPPED, B1, DRIVER, CHAIN, "-", "The segments of a block request are mapped here, so that header and status byte can be copied")\
    X(BLK_SHAPE, B2, DRIVER, CHAIN, "5.2.6", "Nothing but the data of its type stands between header and status byte of a block request") \
    X(BLK_SIZE, B3, DRIVER, CHAIN, "5.2.6.1", "A block request has data, a whole number of sectors, and at most what is allowed") \
    X(BLK_RANGE, B4, DRIVER, CHAIN, "5.2.6.1", "One range of sectors that the client holds covers a block request, without wrapping") \
    X(BLK_RIGHT, B5, DRIVER, CHAIN, "-", "The range of sectors has the right: R to read, W to write, discard or zero") \
    X(BLK_PIN, B6, DRIVER, CHAIN, "-", "A range of sectors is pinned until the request has ended")                     \
    /* A.15 failure */                                                                                                 \
    X(LATCH, F1, BOTH, BUILT, "-", "The first violation is reported once; then the endpoint is quiet")                 \
    X(NO_ABORT, F2, BOTH, BUILT, "-", "Nothing from the other side leads to an assertion or an abort")                 \
    X(DROP_RETURNS, F3, BOTH, BUILT, "-", "A dropped chain goes back to the driver with length 0")                     \
    X(NO_LOG, F4, BOTH, BUILT, "-", "The library prints nothing; violations are counted")                              \
    X(PEER_CAN_TELL, F5, BOTH, BUILT, "2.1.2", "The caller can see that the endpoint needs a reset, and tell the peer")

/** Nothing to do: neither side did anything wrong. `X(NAME, VALUE, SENTENCE)` */
#define VQG_STATUS_IDLE(X)                                                                                             \
    X(EMPTY, 1, "nothing is waiting")                                                                                  \
    X(FULL, 2, "no room now; try again after a completion")                                                            \
    X(DEAD, 3, "the endpoint is latched, or not enabled, until reset and enable")                                      \
    X(STALE, 4, "the chain belongs to an earlier generation and was discarded")                                        \
    X(BUSY, 5, "the range is in flight")                                                                               \
    X(TIMEOUT, 6, "the device did not answer in the time that the caller gave it; what is lent stays lent")

/** The caller's own misuse, by the argument at fault. `X(NAME, VALUE, SENTENCE)` */
#define VQG_STATUS_MISUSE(X)                                                                                           \
    X(BAD_ENDPOINT, -1, "endpoint: null")                                                                              \
    X(BAD_QUEUE, -2, "queue: null")                                                                                    \
    X(BAD_SIZE, -3, "queue size: zero, not a power of two, above 32768, or above what was offered")                    \
    X(BAD_INDEX, -4, "queue index: not below the number of queues")                                                    \
    X(BAD_FEATURES, -5, "features: missing a required one, or one that this build lacks")                              \
    X(BAD_BYTE_ORDER, -6, "byte order: unknown, or VERSION_1 on a queue that is not little-endian")                    \
    X(BAD_DESC, -7, "descriptor table: null or misaligned; of a device, out of range, without right, or overlapping")  \
    X(BAD_AVAIL, -8, "avail ring: null or misaligned; of a device, out of range, without right, or overlapping")       \
    X(BAD_USED, -9, "used ring: null or misaligned; of a device, out of range, without right, or overlapping")         \
    X(BAD_POLICY, -10, "policy: null, or a value out of range")                                                        \
    X(BAD_SLOTS, -11, "slots: null, or fewer than the queue size")                                                     \
    X(BAD_CAPS, -12, "capabilities: null, unsorted, overlapping, wrapping, or off the granule")                        \
    X(BAD_SEGMENT, -13, "segment: empty, wrapping, too long in sum, or readable after writable")                       \
    X(BAD_COUNT, -14, "count: zero, or more than the queue can ever take")                                             \
    X(BAD_TABLE, -15, "indirect table: missing, misaligned, too small, or without the feature")                        \
    X(BAD_CHAIN, -16, "chain: null, without storage, already popped, or not popped by this device")                    \
    X(BAD_LENGTH, -17, "length: beyond the chain's writable bytes, or beyond the copy's source")                       \
    X(BAD_STATE, -18, "the endpoint's state does not allow this call now")                                             \
    X(BAD_HEAD, -19, "head or descriptor id: out of range, already lent, or repeated")                                 \
    X(BAD_SAVED, -20, "saved state: indices or heads that no device could have had")                                   \
    X(BAD_ALIGN, -21, "alignment: not a power of two, or below 4")                                                     \
    X(BAD_FORMAT, -22, "format: a packed queue, and this build lacks packed queues")                                   \
    X(BAD_ORDER, -23, "order: with IN_ORDER another chain is to be returned first")                                    \
    X(BAD_TRANSPORT, -24, "transport: without its hooks, or with queues, features or a configuration that cannot be")  \
    X(BAD_FIELD, -25, "configuration field: not of 1, 2, 4 or 8 bytes, misaligned, or outside of the space")

/** The number of a rule. */
enum vqg_rule {
    VQG_RULE_NONE = 0, /**< no rule was broken */
#define VQG_X_(name, id, attacker, kind, clause, sentence) VQG_RULE_##name,
    VQG_RULES(VQG_X_)
#undef VQG_X_
    VQG_RULE_COUNT /**< one more than the last rule */
};

/** How a rule acts; see the top of this file. */
enum vqg_rule_kind {
    VQG_KIND_FATAL,
    VQG_KIND_CHAIN,
    VQG_KIND_SETUP,
    VQG_KIND_CALLER,
    VQG_KIND_BUILT,
    VQG_KIND_LEFT
};

/** The status of a violation is this less the number of its rule. */
#define VQG_VIOLATION_BASE (-256)

/**
 * What every call returns. Three bands: positive is nothing to do, small
 * negative is the caller's misuse and names the argument, VQG_V_* is the other
 * side's violation and names the rule.
 */
enum vqg_status {
    VQG_OK = 0,
#define VQG_X_(name, value, sentence) VQG_##name = (value),
    VQG_STATUS_IDLE(VQG_X_) VQG_STATUS_MISUSE(VQG_X_)
#undef VQG_X_
#define VQG_X_(name, id, attacker, kind, clause, sentence) VQG_V_##name = VQG_VIOLATION_BASE - VQG_RULE_##name,
        VQG_RULES(VQG_X_)
#undef VQG_X_
            VQG_V_LAST_ = VQG_VIOLATION_BASE - VQG_RULE_COUNT
};

#endif
