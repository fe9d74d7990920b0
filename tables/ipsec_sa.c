#include "ipsec_sa.h"

const struct label ipsec_protocols[] = {
        { PROTOCOL_IPIP, "ipip" },
        { PROTOCOL_IPV6, "ipv6" },
        { PROTOCOL_ROUTING, "routing" },
        { PROTOCOL_ESP, "esp" },
        { PROTOCOL_AH, "ah" },
        { PROTOCOL_DESTINATION_OPTIONS, "destinationOptions" },
        { PROTOCOL_IPCOMP, "ipcomp" },
        { PROTOCOL_UNKNOWN, "unknown" },
        { 0, NULL },
};

const struct label ipsec_modes[] = {
        { MODE_TRANSPORT, "transport" },
        { MODE_TUNNEL, "tunnel" },
        { MODE_ROUTE_OPTIMIZATION, "routeOptimization" },
        { MODE_IN_TRIGGER, "inTrigger" },
        { MODE_BEET, "beet" },
        { MODE_IPTFS, "iptfs" },
        { MODE_UNKNOWN, "unknown" },
        { 0, NULL },
};

const struct label sa_states[] = {
        { SA_LARVAL, "larval" }, { SA_MATURE, "mature" },         { SA_DYING, "dying" },
        { SA_DEAD, "dead" },     { SA_STATE_UNKNOWN, "unknown" }, { 0, NULL },
};

const struct label ipsec_directions[] = {
        { DIRECTION_INBOUND, "inbound" },
        { DIRECTION_OUTBOUND, "outbound" },
        { DIRECTION_FORWARD, "forward" },
        { DIRECTION_UNKNOWN, "unknown" },
        { 0, NULL },
};

static const struct label encapsulations[] = {
        { ENCAPSULATION_NONE, "none" },       { ENCAPSULATION_UDP_NON_IKE, "espInUdpNonIke" },
        { ENCAPSULATION_UDP, "espInUdp" },    { ENCAPSULATION_TCP, "espInTcp" },
        { ENCAPSULATION_UNKNOWN, "unknown" }, { 0, NULL },
};

static const struct label offload_modes[] = {
        { OFFLOAD_NONE, "none" },
        { OFFLOAD_CRYPTO, "crypto" },
        { OFFLOAD_PACKET, "packet" },
        { OFFLOAD_UNKNOWN, "unknown" },
        { 0, NULL },
};

static const struct label keyings[] = {
        { KEYING_MANUAL, "manual" },
        { KEYING_IKE, "ike" },
        { KEYING_UNKNOWN, "unknown" },
        { 0, NULL },
};

static const struct label flags[] = {
        { 0, "noEcn" },
        { 1, "decapDscp" },
        { 2, "noPmtuDiscovery" },
        { 3, "wildcardReceive" },
        { 4, "icmp" },
        { 5, "afUnspec" },
        { 6, "align4" },
        { 7, "esn" },
        { 8, "dontEncapDscp" },
        { 9, "outSequenceMayWrap" },
        { 0, NULL },
};

static const struct column sa_index[] = {
        UNSIGNED32(1, "ipsrSaIndex", struct ipsec_sa, index),
};

static const struct column columns[] = {
        HEXADECIMAL(2, "ipsrSaSpi", struct ipsec_sa, spi),
        ENUMERATION(3, "ipsrSaProtocol", struct ipsec_sa, protocol, ipsec_protocols),
        ENUMERATION(4, "ipsrSaMode", struct ipsec_sa, mode, ipsec_modes),
        ENUMERATION(5, "ipsrSaState", struct ipsec_sa, state, sa_states),
        ENUMERATION(6, "ipsrSaDirection", struct ipsec_sa, direction, ipsec_directions),
        ADDRESS_TYPE(7, "ipsrSaSourceType", struct ipsec_sa, source),
        ADDRESS(8, "ipsrSaSource", struct ipsec_sa, source),
        ADDRESS_TEXT(9, "ipsrSaSourceText", struct ipsec_sa, source),
        ADDRESS_TYPE(10, "ipsrSaDestinationType", struct ipsec_sa, destination),
        ADDRESS(11, "ipsrSaDestination", struct ipsec_sa, destination),
        ADDRESS_TEXT(12, "ipsrSaDestinationText", struct ipsec_sa, destination),
        STRING(13, "ipsrSaEncryption", struct ipsec_sa, encryption),
        UNSIGNED32_OR_NONE(14, "ipsrSaEncryptionKeyBits", struct ipsec_sa, encryption_key_bits),
        UNSIGNED32_OR_NONE(15, "ipsrSaEncryptionTransform", struct ipsec_sa, encryption_transform),
        STRING(16, "ipsrSaAuthentication", struct ipsec_sa, authentication),
        UNSIGNED32_OR_NONE(17, "ipsrSaAuthenticationKeyBits", struct ipsec_sa,
                           authentication_key_bits),
        UNSIGNED32_OR_NONE(18, "ipsrSaAuthenticationTransform", struct ipsec_sa,
                           authentication_transform),
        UNSIGNED32_OR_NONE(19, "ipsrSaAuthenticationTruncationBits", struct ipsec_sa,
                           authentication_truncation_bits),
        UNSIGNED32_OR_NONE(20, "ipsrSaAeadIcvBits", struct ipsec_sa, aead_icv_bits),
        STRING(21, "ipsrSaCompression", struct ipsec_sa, compression),
        UNSIGNED32_OR_NONE(22, "ipsrSaCompressionTransform", struct ipsec_sa,
                           compression_transform),
        ENUMERATION(23, "ipsrSaEncapsulation", struct ipsec_sa, encapsulation, encapsulations),
        UNSIGNED32_OR_NONE(24, "ipsrSaEncapSourcePort", struct ipsec_sa, encap_source_port),
        UNSIGNED32_OR_NONE(25, "ipsrSaEncapDestinationPort", struct ipsec_sa,
                           encap_destination_port),
        ADDRESS_TYPE(26, "ipsrSaEncapOriginalType", struct ipsec_sa, encap_original),
        ADDRESS(27, "ipsrSaEncapOriginal", struct ipsec_sa, encap_original),
        ADDRESS_TEXT(28, "ipsrSaEncapOriginalText", struct ipsec_sa, encap_original),
        UNSIGNED32_OR_NONE(29, "ipsrSaReqid", struct ipsec_sa, reqid),
        UNSIGNED32_OR_NONE(30, "ipsrSaAcquireSequence", struct ipsec_sa, acquire_sequence),
        UNSIGNED32_OR_NONE(31, "ipsrSaMark", struct ipsec_sa, mark),
        UNSIGNED32_OR_NONE(32, "ipsrSaMarkMask", struct ipsec_sa, mark_mask),
        UNSIGNED32_OR_NONE(33, "ipsrSaOutputMark", struct ipsec_sa, output_mark),
        UNSIGNED32_OR_NONE(34, "ipsrSaOutputMarkMask", struct ipsec_sa, output_mark_mask),
        UNSIGNED32_OR_NONE(35, "ipsrSaIfId", struct ipsec_sa, if_id),
        UNSIGNED32(36, "ipsrSaReplayWindow", struct ipsec_sa, replay_window),
        GAUGE64(37, "ipsrSaSequenceOut", struct ipsec_sa, sequence_out),
        GAUGE64(38, "ipsrSaSequenceIn", struct ipsec_sa, sequence_in),
        GAUGE64(39, "ipsrSaSequenceHeadroom", struct ipsec_sa, sequence_headroom),
        INTEGER32(40, "ipsrSaSequenceHeadroomPercent", struct ipsec_sa, sequence_headroom_percent),
        FLAGS(41, "ipsrSaFlags", struct ipsec_sa, flags, flags),
        STRING(42, "ipsrSaOffloadDevice", struct ipsec_sa, offload_device),
        IF_INDEX(43, "ipsrSaOffloadIfIndex", struct ipsec_sa, offload_if_index),
        ENUMERATION(44, "ipsrSaOffloadMode", struct ipsec_sa, offload_mode, offload_modes),
        UNSIGNED32_OR_NONE(45, "ipsrSaTfcPad", struct ipsec_sa, tfc_pad),
        STRING(46, "ipsrSaSecurityContext", struct ipsec_sa, security_context),
        COUNTER64(47, "ipsrSaOctets", struct ipsec_sa, octets),
        COUNTER64(48, "ipsrSaPackets", struct ipsec_sa, packets),
        TIMESTAMP(49, "ipsrSaDiscontinuityTime", struct ipsec_sa, discontinuity),
        DATE(50, "ipsrSaAddTime", struct ipsec_sa, add_time),
        AGE(51, "ipsrSaAddAge", struct ipsec_sa, add_time),
        DATE(52, "ipsrSaUseTime", struct ipsec_sa, use_time),
        AGE(53, "ipsrSaUseAge", struct ipsec_sa, use_time),
        AGE(54, "ipsrSaLastPacketAge", struct ipsec_sa, last_packet),
        GAUGE64_OR_NONE(55, "ipsrSaHardOctets", struct ipsec_sa, hard.octets),
        GAUGE64_OR_NONE(56, "ipsrSaHardPackets", struct ipsec_sa, hard.packets),
        UNSIGNED32_OR_NONE(57, "ipsrSaHardAddSeconds", struct ipsec_sa, hard.add_seconds),
        UNSIGNED32_OR_NONE(58, "ipsrSaHardUseSeconds", struct ipsec_sa, hard.use_seconds),
        GAUGE64_OR_NONE(59, "ipsrSaSoftOctets", struct ipsec_sa, soft.octets),
        GAUGE64_OR_NONE(60, "ipsrSaSoftPackets", struct ipsec_sa, soft.packets),
        UNSIGNED32_OR_NONE(61, "ipsrSaSoftAddSeconds", struct ipsec_sa, soft.add_seconds),
        UNSIGNED32_OR_NONE(62, "ipsrSaSoftUseSeconds", struct ipsec_sa, soft.use_seconds),
        COUNTER64(63, "ipsrSaReplayWindowErrors", struct ipsec_sa, replay_window_errors),
        COUNTER64(64, "ipsrSaReplayErrors", struct ipsec_sa, replay_errors),
        COUNTER64(65, "ipsrSaIntegrityErrors", struct ipsec_sa, integrity_errors),
        ADDRESS_TYPE(66, "ipsrSaSelectorSourceType", struct ipsec_sa, selector_source),
        ADDRESS(67, "ipsrSaSelectorSource", struct ipsec_sa, selector_source),
        PREFIX_TEXT(68, "ipsrSaSelectorSourceText", struct ipsec_sa, selector_source),
        PREFIX_LENGTH(69, "ipsrSaSelectorSourcePrefix", struct ipsec_sa, selector_source),
        ADDRESS_TYPE(70, "ipsrSaSelectorDestinationType", struct ipsec_sa, selector_destination),
        ADDRESS(71, "ipsrSaSelectorDestination", struct ipsec_sa, selector_destination),
        PREFIX_TEXT(72, "ipsrSaSelectorDestinationText", struct ipsec_sa, selector_destination),
        PREFIX_LENGTH(73, "ipsrSaSelectorDestinationPrefix", struct ipsec_sa, selector_destination),
        UNSIGNED32_OR_NONE(74, "ipsrSaSelectorProtocol", struct ipsec_sa, selector_protocol),
        UNSIGNED32_OR_NONE(75, "ipsrSaSelectorSourcePort", struct ipsec_sa, selector_source_port),
        UNSIGNED32_OR_NONE(76, "ipsrSaSelectorSourcePortMask", struct ipsec_sa,
                           selector_source_port_mask),
        UNSIGNED32_OR_NONE(77, "ipsrSaSelectorDestinationPort", struct ipsec_sa,
                           selector_destination_port),
        UNSIGNED32_OR_NONE(78, "ipsrSaSelectorDestinationPortMask", struct ipsec_sa,
                           selector_destination_port_mask),
        IF_INDEX(79, "ipsrSaSelectorIfIndex", struct ipsec_sa, selector_if_index),
        ENUMERATION(80, "ipsrSaKeying", struct ipsec_sa, keying, keyings),
        SECONDS_LEFT(81, "ipsrSaSecondsToSoftExpiry", struct ipsec_sa, soft_expiry),
        SECONDS_LEFT(82, "ipsrSaSecondsToHardExpiry", struct ipsec_sa, hard_expiry),
        TRUTH(83, "ipsrSaRekeyOverdueFlag", struct ipsec_sa, rekey_overdue),
        TRUTH(84, "ipsrSaWeakFlag", struct ipsec_sa, weak),
        STRING(85, "ipsrSaTunnelPolicyKey", struct ipsec_sa, tunnel_policy_key),
        STRING(86, "ipsrSaTunnelChildKey", struct ipsec_sa, tunnel_child_key),
        UNSIGNED32_OR_NONE(87, "ipsrSaTunnelInstance", struct ipsec_sa, tunnel_instance),
        UNSIGNED32_OR_NONE(88, "ipsrSaIkeSa", struct ipsec_sa, ike_sa),
        UNSIGNED32_OR_NONE(89, "ipsrSaPartner", struct ipsec_sa, partner),
        UNSIGNED32_OR_NONE(90, "ipsrSaPolicyCookie", struct ipsec_sa, policy_cookie),
        UNSIGNED32_OR_NONE(91, "ipsrSaNatKeepalive", struct ipsec_sa, nat_keepalive),
        UNSIGNED32_OR_NONE(92, "ipsrSaMappingTimer", struct ipsec_sa, mapping_timer),
        INTEGER32(93, "ipsrSaCpu", struct ipsec_sa, cpu),
        UNSIGNED32_OR_NONE(94, "ipsrSaIptfsDropTime", struct ipsec_sa, iptfs_drop_time),
        UNSIGNED32_OR_NONE(95, "ipsrSaIptfsReorderWindow", struct ipsec_sa, iptfs_reorder_window),
        TRUTH(96, "ipsrSaIptfsDontFragment", struct ipsec_sa, iptfs_dont_fragment),
        UNSIGNED32_OR_NONE(97, "ipsrSaIptfsInitDelay", struct ipsec_sa, iptfs_init_delay),
        UNSIGNED32_OR_NONE(98, "ipsrSaIptfsMaxQueueSize", struct ipsec_sa, iptfs_max_queue_size),
        UNSIGNED32_OR_NONE(99, "ipsrSaIptfsPacketSize", struct ipsec_sa, iptfs_packet_size),
        ADDRESS_TYPE(100, "ipsrSaCareOfType", struct ipsec_sa, care_of),
        ADDRESS(101, "ipsrSaCareOf", struct ipsec_sa, care_of),
        ADDRESS_TEXT(102, "ipsrSaCareOfText", struct ipsec_sa, care_of),
};

static const struct column by_spi_index[] = {
        UNSIGNED32(1, "ipsrSaBySpiSpi", struct ipsec_sa, spi),
        ENUMERATION(2, "ipsrSaBySpiProtocol", struct ipsec_sa, protocol, ipsec_protocols),
        UNSIGNED32(1, "ipsrSaIndex", struct ipsec_sa, index),
};

static const struct column by_spi_columns[] = {
        UNSIGNED32(3, "ipsrSaBySpiSa", struct ipsec_sa, index),
        ADDRESS_TEXT(4, "ipsrSaBySpiDestinationText", struct ipsec_sa, destination),
        ENUMERATION(5, "ipsrSaBySpiState", struct ipsec_sa, state, sa_states),
};

static size_t key_length(const void *row)
{
        const struct ipsec_sa *sa = row;

        return sa->spi != 0 ? offsetof(struct ipsec_sa, source) : offsetof(struct ipsec_sa, mode);
}

const struct table_type sa_by_spi_type = {
        .number = 6,
        .name = "ipsrSaBySpiTable",
        .stem = "ipsrSaBySpi",
        .json = "ipsec_sa_by_spi",
        TABLE_INDEX(by_spi_index),
        TABLE_COLUMNS(by_spi_columns),
        .row_size = sizeof(struct ipsec_sa),
};

static const struct column by_ends_index[] = {
        UNSIGNED32(1, "reqid", struct ipsec_sa, reqid),
        UNSIGNED32(2, "protocol", struct ipsec_sa, protocol),
        UNSIGNED32(3, "mode", struct ipsec_sa, mode),
        ADDRESS(4, "destination", struct ipsec_sa, destination),
        ADDRESS(5, "source", struct ipsec_sa, source),
        UNSIGNED32(6, "interface id", struct ipsec_sa, if_id),
        UNSIGNED32(7, "index", struct ipsec_sa, index),
};

const struct table_type sa_by_ends_type = {
        .name = "SAs by their ends",
        TABLE_INDEX(by_ends_index),
        .row_size = sizeof(struct ipsec_sa),
        .moves = true,
};

static const struct column by_rule_index[] = {
        UNSIGNED32(1, "policy", struct ipsec_sa, rule),
        UNSIGNED32(2, "index", struct ipsec_sa, index),
};

const struct table_type sa_by_rule_type = {
        .name = "SAs by the policy that uses them",
        TABLE_INDEX(by_rule_index),
        .row_size = sizeof(struct ipsec_sa),
        .moves = true,
};

static const struct column by_partner_index[] = {
        UNSIGNED32(1, "partner", struct ipsec_sa, partner),
        UNSIGNED32(2, "index", struct ipsec_sa, index),
};

const struct table_type sa_by_partner_type = {
        .name = "SAs by their partner",
        TABLE_INDEX(by_partner_index),
        .row_size = sizeof(struct ipsec_sa),
        .moves = true,
};

static const struct column by_tunnel_index[] = {
        UNSIGNED32(1, "tunnel", struct ipsec_sa, tunnel),
        UNSIGNED32(2, "index", struct ipsec_sa, index),
};

const struct table_type sa_by_tunnel_type = {
        .name = "SAs by their tunnel",
        TABLE_INDEX(by_tunnel_index),
        .row_size = sizeof(struct ipsec_sa),
        .moves = true,
};

static const struct table_type *const views[] = {
        &sa_by_spi_type,     &sa_by_ends_type,   &sa_by_rule_type,
        &sa_by_partner_type, &sa_by_tunnel_type, NULL,
};

const struct table_type ipsec_sa_type = {
        .number = 5,
        .name = "ipsrIpsecSaTable",
        .stem = "ipsrSa",
        .json = "ipsec_sa",
        TABLE_INDEX(sa_index),
        TABLE_COLUMNS(columns),
        .row_size = sizeof(struct ipsec_sa),
        .source_size = offsetof(struct ipsec_sa, index),
        .key_length = key_length,
        .given_index = offsetof(struct ipsec_sa, index),
        .views = views,
};

bool sa_is_usable(const struct ipsec_sa *sa)
{
        return sa->state == SA_MATURE || sa->state == SA_DYING;
}

bool sa_has_keys(const struct ipsec_sa *sa)
{
        return sa->spi != 0 && sa->state != SA_LARVAL;
}

bool sa_counts(const struct ipsec_sa *sa)
{
        return sa->protocol == PROTOCOL_ESP || sa->protocol == PROTOCOL_AH;
}
