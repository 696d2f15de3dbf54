package graph

import "fmt"

// Cloud is one of Microsoft's clouds (Graph: national cloud deployments). They share
// neither tenants nor tokens.
type Cloud struct {
	// Name is global (GCC included), usgov (GCC High), usgov-dod or china.
	Name string

	// Endpoint of Graph, with its version, and Authority of the sign-in.
	Endpoint  string
	Authority string

	// Presence can be read and written, PresenceSubscriptions exist. People can be
	// listed and followed everywhere.
	Presence              bool
	PresenceSubscriptions bool
}

// CloudNamed returns the cloud of that name.
func CloudNamed(name string) (Cloud, error) {
	for _, c := range Clouds() {
		if c.Name == name {
			return c, nil
		}
	}
	return Cloud{}, fmt.Errorf("graph: there is no cloud %q", name)
}

// Clouds returns all of them, the global one first.
func Clouds() []Cloud {
	return []Cloud{
		{"global", DefaultEndpoint, defaultAuthority, true, true},
		{"usgov", "https://graph.microsoft.us/v1.0", "https://login.microsoftonline.us", true, false},
		{"usgov-dod", "https://dod-graph.microsoft.us/v1.0", "https://login.microsoftonline.us", true, false},
		{"china", "https://microsoftgraph.chinacloudapi.cn/v1.0", "https://login.partner.microsoftonline.cn", false, false},
	}
}
