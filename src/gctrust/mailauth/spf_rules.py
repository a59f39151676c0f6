"""The catalogue of what can be wrong with an SPF policy."""

from __future__ import annotations

from gctrust.findings import Rule, Severity, rule_catalogue

_INFO, _WARN, _ERROR, _CRITICAL = Severity
_7208 = "RFC 7208 section "

SPF_RULES: tuple[Rule, ...] = (
    Rule(
        "spf.missing", "SPF-01", _ERROR,
        "{subject} publishes no SPF record",
        "Without a policy receivers cannot tell mail of this domain from forgeries; SPF ends in "
        "none and DMARC has one leg less to stand on.",
        "Publish one TXT record that begins with v=spf1 and names every sender of the domain.",
        _7208 + "4.5", 'no TXT record, or "google-site-verification=..." only',
    ),
    Rule(
        "spf.helo-missing", "SPF-01", _INFO,
        "The HELO name {helo} publishes no SPF record",
        "Receivers check the HELO name as an identity of its own, and use it for bounces, which "
        "have no sender address.",
        'Publish "v=spf1 a -all" at the HELO name.',
        _7208 + "2.3", "HELO mail.example.com, no TXT record there",
    ),
    Rule(
        "spf.multiple-records", "SPF-02", _ERROR,
        "{subject} publishes {count} SPF records; receivers answer permerror",
        "More than one record is an error by definition: receivers ignore all of them.",
        "Merge their terms into one record and delete the others.",
        _7208 + "4.5", 'two TXT records: "v=spf1 mx -all" and "v=spf1 include:x.example ~all"',
    ),
    Rule(
        "spf.near-miss", "SPF-03", _ERROR,
        "A TXT record of {subject} looks like SPF, yet is none: {text}",
        'Only text that begins exactly with "v=spf1" and a blank is a policy; this is passed over.',
        'Begin the record with "v=spf1 ", without quotes or blanks before it.',
        _7208 + "4.5", '"v=spf10 mx -all", " v=spf1 mx -all"',
    ),
    Rule(
        "spf.sender-id-record", "SPF-04", _INFO,
        "{subject} still publishes a Sender ID record: {text}",
        "Sender ID (spf2.0) was given up; no receiver reads it.",
        "Delete the spf2.0 record.",
        _7208 + "3.1", '"spf2.0/pra include:example.net -all"',
    ),
    Rule(
        "spf.type-99-record", "SPF-04", _INFO,
        "{subject} still publishes a record of the DNS type SPF (99)",
        "That type was withdrawn in 2014: receivers ask for TXT only, and the copy goes stale.",
        "Delete the record of type SPF; keep the TXT record.",
        _7208 + "3.1", 'example.com. SPF "v=spf1 -all"',
    ),
    Rule(
        "spf.syntax", "SPF-05", _ERROR,
        "{term} in the SPF record of {subject} is a syntax error: {reason}",
        "One syntax error anywhere, also after all, makes the whole record a permerror.",
        "Correct or delete the term.",
        _7208 + "4.6", '"v=spf1 mx -all,"',
    ),
    Rule(
        "spf.unknown-mechanism", "SPF-06", _ERROR,
        "{term} in the SPF record of {subject} is no SPF mechanism: {reason}",
        "A mechanism that does not exist makes the whole record a permerror.",
        "Correct the name of the mechanism.",
        _7208 + "4.6.1", '"v=spf1 ipv4:192.0.2.1 -all"',
    ),
    Rule(
        "spf.equals-for-colon", "SPF-06", _ERROR,
        "{term} in the SPF record of {subject} is ignored: {meant} is meant",
        "name=value is a modifier, and unknown modifiers are passed over: the sender it was to "
        "allow is not allowed.",
        "Write a colon in place of the equals sign.",
        _7208 + "4.6.1", '"v=spf1 include=_spf.example.net -all"',
    ),
    Rule(
        "spf.unknown-modifier", "SPF-07", _INFO,
        "The modifier {term} in the SPF record of {subject} is unknown and ignored",
        "Receivers must pass over modifiers that they do not know.",
        "Delete it, unless a receiver you know of reads it.",
        _7208 + "6", '"v=spf1 mx moo=cow -all"',
    ),
    Rule(
        "spf.malformed-modifier", "SPF-07", _ERROR,
        "The modifier {term} in the SPF record of {subject} is malformed: {reason}",
        "Even a modifier that receivers ignore must be well-formed, or the record is a permerror.",
        "Correct the modifier or delete it.",
        _7208 + "12", '"v=spf1 mx moo=%cow -all"',
    ),
    Rule(
        "spf.repeated-modifier", "SPF-08", _ERROR,
        "{term} stands more than once in the SPF record of {subject}",
        "redirect= and exp= may appear once each; twice is a permerror.",
        "Keep one of them.",
        _7208 + "6", '"v=spf1 redirect=a.example redirect=b.example"',
    ),
    Rule(
        "spf.bad-network", "SPF-09", _ERROR,
        "{term} in the SPF record of {subject} is no valid network: {reason}",
        "A network that cannot be read makes the whole record a permerror.",
        "Correct the address or the prefix length.",
        _7208 + "5.6", '"v=spf1 ip4:192.0.2.256 -all", "v=spf1 ip4:2001:db8::1 -all"',
    ),
    Rule(
        "spf.host-bits", "SPF-09", _INFO,
        "{term} of {subject} has bits set below its prefix; {network} is meant by it",
        "The bits are ignored, so the network is often wider than its author believes.",
        "Write the network address.",
        _7208 + "5.6", '"v=spf1 ip4:192.0.2.77/24 -all"',
    ),
    Rule(
        "spf.bad-prefix-length", "SPF-10", _ERROR,
        "{term} in the SPF record of {subject} has a wrong prefix length: {reason}",
        "A prefix length out of range, or where none is allowed, makes the record a permerror.",
        "Correct the prefix length; include, exists and ptr take none.",
        _7208 + "12", '"v=spf1 a/33 -all", "v=spf1 include:x.example/24 -all"',
    ),
    Rule(
        "spf.bad-domain", "SPF-11", _ERROR,
        "{term} in the SPF record of {subject} names no valid domain: {reason}",
        "A domain must end in a top label or a macro; anything else makes the record a permerror.",
        "Write the full domain name.",
        _7208 + "7.1", '"v=spf1 include:example -all"',
    ),
    Rule(
        "spf.bad-macro", "SPF-12", _ERROR,
        "{term} in the SPF record of {subject} has a macro error: {reason}",
        "A macro that cannot be read makes the whole record a permerror.",
        "Correct the macro.",
        _7208 + "7.1", '"v=spf1 exists:%{x}.example.com -all"',
    ),
    Rule(
        "spf.p-macro", "SPF-12", _WARN,
        "{term} of {subject} uses the macro %{{p}}",
        "It costs reverse look-ups at every receiver, fails often, and is not to be published.",
        "Use %{i} or %{h} in its place.",
        _7208 + "7.2", '"v=spf1 exists:%{p}._spf.example.com -all"',
    ),
    Rule(
        "spf.too-many-lookups", "SPF-13", _ERROR,
        "The SPF policy of {subject} needs up to {lookups} look-ups, {limit} are allowed: {by}",
        "Receivers stop at the eleventh term that needs DNS with a permerror: mail from senders "
        "that stand late in the record is not authenticated.",
        "Remove includes that are no longer used, or name the networks of small senders directly.",
        _7208 + "4.6.4", "eleven include terms, or three that include four each",
    ),
    Rule(
        "spf.lookups-near-limit", "SPF-13", _WARN,
        "The SPF policy of {subject} needs up to {lookups} of {limit} look-ups: {by}",
        "A provider that adds one include of its own takes the record over the limit unannounced.",
        "Make room: remove includes that are no longer used.",
        _7208 + "4.6.4", "eight terms that need DNS",
    ),
    Rule(
        "spf.sender-over-limit", "SPF-14", _ERROR,
        "Mail from {ip} ends in permerror at {subject}: {cause}",
        "A receiver that evaluates this sender reaches a limit before it reaches the term that "
        "would let the sender pass.",
        "Put the terms of this sender first, or remove includes that are no longer used.",
        _7208 + "4.6.4", "the include of the sender is the eleventh look-up",
    ),
    Rule(
        "spf.too-many-voids", "SPF-15", _ERROR,
        "The SPF policy of {subject} has {count} void look-ups for {family} senders, {limit} are "
        "allowed: {terms}",
        "Receivers stop with a permerror when more than two terms lead to names that do not exist.",
        "Delete the terms whose names do not exist any more.",
        _7208 + "4.6.4", '"v=spf1 a:gone1.example a:gone2.example a:gone3.example -all"',
    ),
    Rule(
        "spf.void-lookup", "SPF-15", _WARN,
        "{terms} of {subject} lead nowhere for {family} senders: {count} of {limit} void look-ups",
        "Each term whose name has no such record brings the policy nearer to a permerror.",
        "Delete the term, or publish the record it asks for.",
        _7208 + "4.6.4", '"v=spf1 a:gone.example -all"',
    ),
    Rule(
        "spf.too-many-mx", "SPF-16", _ERROR,
        "{term} of {subject} leads to {count} mail exchangers, {limit} are allowed",
        "Receivers stop with a permerror when one mx term yields more than ten names.",
        "Name the networks with ip4 and ip6 in place of mx.",
        _7208 + "4.6.4", "an mx term, and eleven MX records",
    ),
    Rule(
        "spf.ptr", "SPF-17", _WARN,
        "{term} of {subject} uses the ptr mechanism",
        "It is slow and unreliable, burdens the .arpa name servers, and is not to be published; "
        "some receivers skip it.",
        "Name the senders with ip4, ip6, a or include.",
        _7208 + "5.5", '"v=spf1 ptr -all"',
    ),
    Rule(
        "spf.include-without-record", "SPF-18", _ERROR,
        "{term} of {subject} leads to a domain without an SPF record ({status})",
        "An include that finds no policy is a permerror, for every sender that no earlier term "
        "lets pass.",
        "Delete the include, or correct its domain.",
        _7208 + "5.2", '"v=spf1 include:gone.example -all"',
    ),
    Rule(
        "spf.include-broken", "SPF-18", _ERROR,
        "{term} of {subject} leads to a record that is an error by itself: {reason}",
        "The permerror of an included policy is the permerror of the policy that includes it.",
        "Tell its owner, and take the include out until it is mended.",
        _7208 + "5.2", "an included domain that publishes two SPF records",
    ),
    Rule(
        "spf.lookup-failed", "SPF-18", _WARN,
        "TXT of {domain} could not be looked up ({status}, asked: {server}); that is not absence",
        "Receivers answer temperror and ask the sender to try again; the policy is unknown.",
        "Ask again later; when it stays, look at the name servers of the domain.",
        _7208 + "4.4", "the name servers time out",
    ),
    Rule(
        "spf.redirect-without-record", "SPF-19", _ERROR,
        "{term} of {subject} leads to a domain without an SPF record ({status})",
        "A redirect that finds no policy is a permerror.",
        "Correct the domain of the redirect, or end the record with an all term.",
        _7208 + "6.1", '"v=spf1 redirect=gone.example"',
    ),
    Rule(
        "spf.loop", "SPF-20", _ERROR,
        "{term} of {subject} leads back to {domain}, which is being evaluated already",
        "The circle is walked until the limit of ten look-ups ends it with a permerror.",
        "Delete the term that closes the circle.",
        _7208 + "4.6.4", "a.example includes b.example, which includes a.example",
    ),
    Rule(
        "spf.redirect-ignored", "SPF-21", _WARN,
        "{term} of {subject} is ignored, because the record has an all term",
        "all matches always, so the redirect is never looked at.",
        "Delete one of the two.",
        _7208 + "6.1", '"v=spf1 mx redirect=_spf.example.com -all"',
    ),
    Rule(
        "spf.after-all", "SPF-21", _WARN,
        "{terms} of {subject} stand after {all} and are never evaluated",
        "all matches always: terms after it do nothing, though they look as if they did.",
        "Move the terms in front of all.",
        _7208 + "5.1", '"v=spf1 mx -all include:_spf.example.net"',
    ),
    Rule(
        "spf.pass-all", "SPF-22", _ERROR,
        "{term} of {subject} lets the whole internet send mail as this domain",
        "Every forgery passes SPF, and through it DMARC.",
        "End the record with -all or ~all and name the true senders.",
        _7208 + "11.4", '"v=spf1 +all", "v=spf1 ip4:0.0.0.0/0 -all"',
    ),
    Rule(
        "spf.wide-networks", "SPF-22", _WARN,
        "The networks that {subject} lets send hold {addresses} IPv4 addresses",
        "More than a /8 worth of addresses holds many senders that have nothing to do with the "
        "domain.",
        "Name smaller networks.",
        _7208 + "11.4", '"v=spf1 ip4:10.0.0.0/7 -all"',
    ),
    Rule(
        "spf.neutral-default", "SPF-23", _WARN,
        "The SPF policy of {subject} ends in neutral: {reason}",
        "Neutral is treated like no policy at all; forgeries are not told from true mail.",
        "End the record with ~all or -all.",
        _7208 + "4.7", '"v=spf1 mx", "v=spf1 mx ?all"',
    ),
    Rule(
        "spf.hard-fail", "SPF-24", _INFO,
        "{subject} ends its policy with -all",
        "A receiver may reject forwarded mail before it looks at DKIM and DMARC; with a DMARC "
        "policy in force, ~all gives the same protection without that risk.",
        "Keep it when all mail goes directly; choose ~all when mail is forwarded and DKIM-signed.",
        "RFC 9989 section 7.1", '"v=spf1 mx -all"',
    ),
    Rule(
        "spf.split-token", "SPF-25", _ERROR,
        "The strings of the SPF record of {subject} are joined without a blank: {left} and {right} "
        "become one term",
        "A TXT record of several strings is read as one text, with nothing between the strings.",
        "Put a blank at the end of the first string or at the start of the second.",
        _7208 + "3.3", '"v=spf1 ip4:192.0.2.1" "include:example.net -all"',
    ),
    Rule(
        "spf.large-answer", "SPF-26", _WARN,
        "The TXT answer of {subject} takes {octets} octets",
        "Above 450 octets answers grow past 512 with little, and then need TCP or EDNS at every "
        "receiver; some firewalls drop both.",
        "Move TXT records that are no longer used, or terms into an include.",
        _7208 + "3.4", "many verification records beside the SPF record",
    ),
    Rule(
        "spf.bad-explanation", "SPF-27", _WARN,
        "{term} of {subject} leads to no usable explanation: {reason}",
        "The explanation must be exactly one TXT record of US-ASCII; otherwise it is left out.",
        "Publish one TXT record of plain ASCII there, or delete exp=.",
        _7208 + "6.2", '"v=spf1 -all exp=gone.example.com"',
    ),
    Rule(
        "spf.bad-character", "SPF-28", _ERROR,
        "{term} in the SPF record of {subject} holds a character that is not allowed: {reason}",
        "Records are US-ASCII with blanks only between terms; anything else is a permerror. "
        "Copying from a document often brings such characters along.",
        "Type the term again by hand.",
        _7208 + "4.6", 'a no-break space or a tab in place of a blank',
    ),
    Rule(
        "spf.repeated-term", "SPF-29", _INFO,
        "{term} stands {count} times in the SPF record of {subject}",
        "The second one does nothing but cost look-ups.",
        "Delete the repetition.",
        _7208 + "4.6.4", '"v=spf1 include:a.example include:a.example -all"',
    ),
    Rule(
        "spf.covered-network", "SPF-29", _INFO,
        "{term} of {subject} lies within {by} of the same record",
        "The wider network lets the same addresses pass already.",
        "Delete the narrower one.",
        _7208 + "4.6.4", '"v=spf1 ip4:192.0.2.0/24 ip4:192.0.2.7 -all"',
    ),
    Rule(
        "spf.cname-beside-data", "SPF-30", _ERROR,
        "{subject} has a CNAME to {target} beside other records ({kinds})",
        "A CNAME may not stand beside other data: resolvers answer with the one or the other.",
        "Delete the CNAME, or put the records at its target.",
        "RFC 1034 section 3.6.2", "example.com has MX records and a CNAME",
    ),
    Rule(
        "spf.required-include-missing", "SPF-31", _CRITICAL,
        "The SPF policy of {subject} does not include {required}",
        "The platform sends from the networks that this include names; without it its mail fails.",
        "Add the include to the record.",
        "platform", '"v=spf1 mx -all" where include:spf.provider.example is required',
    ),
    Rule(
        "spf.required-include-unreached", "SPF-31", _CRITICAL,
        "{subject} includes {required}, yet receivers do not reach it: {reason}",
        "A term after all, or after the tenth look-up, is as good as absent.",
        "Put the include at the front of the record.",
        "platform", "ten includes in front of the required one",
    ),
    Rule(
        "spf.bad-report-modifier", "SPF-33", _INFO,
        "{term} of {subject} is not well-formed: {reason}",
        "ra, rp and rr ask for failure reports; a malformed one is ignored.",
        "Correct the value, or delete the modifier.",
        "RFC 6652 section 3", '"v=spf1 mx ra=postmaster rp=200 -all"',
    ),
    Rule(
        "spf.no-mail-policy", "SPF-34", _INFO,
        '{subject} sends no mail, and does not publish "v=spf1 -all"',
        "The short record tells receivers that all mail of this domain is forged.",
        'Publish the TXT record "v=spf1 -all".',
        _7208 + "10.1.2", "a parked domain without an SPF record",
    ),
)  # fmt: skip

SPF_RULE = rule_catalogue(SPF_RULES)
