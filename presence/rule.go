package presence

// Rule names why a decision was taken, for an operator to read. A decision
// without a rule has no action, and changed no value.
type Rule string

// The rules, in the order in which they are looked at.
const (
	RuleExpired      Rule = "the preferred presence ran out; the PBX keeps its value"
	RuleHidden       Rule = "the write is hidden by what its side shows; not repeated"
	RuleTaken        Rule = "a person replaced what the connector had written"
	RuleLate         Rule = "what the connector had written shows late, after what it was given up for"
	RuleCallPBX      Rule = "a call on the PBX is shown in Teams"
	RuleCallPBXEnd   Rule = "the call on the PBX ended"
	RuleRenew        Rule = "the call on the PBX goes on"
	RuleLift         Rule = "the preferred presence makes room for the call"
	RuleRestore      Rule = "the preferred presence comes back after the call"
	RuleLost         Rule = "what the connector held is lost; it is written again"
	RuleCallTeams    Rule = "a call in Teams is shown on the PBX"
	RuleCallTeamsEnd Rule = "the call in Teams ended"
	RuleFirst        Rule = "first look: Teams is carried to the PBX where it shows more than available"
	RuleTeams        Rule = "Teams changed"
	RulePBX          Rule = "the PBX changed"
	RuleBothTeams    Rule = "both changed; Teams is newer"
	RuleBothPBX      Rule = "both changed; the PBX is newer"
	RuleRival        Rule = "somebody else keeps changing back what was written; the side is left alone"
	RuleNobody       Rule = "nobody is at Teams; what a person set on the PBX stays"
	RuleAgree        Rule = "both changed to the same"
	RuleTakeBack     Rule = "what the connector had written is taken back"
	RuleLook         Rule = "Teams is read to learn what has become of a write"
	RuleGoOn         Rule = "what was decided before is carried out, or once more where it may not have arrived"
)
