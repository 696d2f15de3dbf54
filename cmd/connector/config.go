package main

import (
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// config is every setting of the service. A field is a flag, an environment variable
// and a key of the configuration file.
type config struct {
	Config configFile `help:"Configuration file (YAML)." placeholder:"FILE"`

	Listen       string     `default:":8443" help:"Address for the PBXs and for Microsoft Graph."`
	TLSCert      string     `name:"tls-cert" placeholder:"FILE" help:"Certificate chain (PEM). Without one the service speaks plain HTTP, for use behind a reverse proxy."`
	TLSKey       string     `name:"tls-key" placeholder:"FILE" help:"Private key of the certificate (PEM)."`
	PublicURL    string     `name:"public-url" placeholder:"URL" help:"Address of the service as Microsoft Graph reaches it. Only needed to be told of changes by it."`
	StatusListen string     `default:"127.0.0.1:8080" help:"Address of the status page. Other than on the loopback interface it needs a password."`
	StatusPass   secret     `name:"status-password" placeholder:"SECRET" help:"Password of the status page (any user name)."`
	Store        string     `default:"connector.db" help:"File in which the service remembers what it has written."`
	LogLevel     slog.Level `default:"info" help:"debug, info, warn or error."`

	Users communicationUsers `placeholder:"NAME,..." help:"Communication users, who own the presence subscriptions, each for 650 people: sign-in names, or a list of {upn, password}. Without a password the service shows a code to be entered in a browser, which works with MFA."`

	PBX    pbxConfig    `embed:"" prefix:"pbx-" group:"PBX"`
	Graph  graphConfig  `embed:"" prefix:"graph-" group:"Microsoft Graph"`
	People peopleConfig `embed:"" prefix:"people-" group:"Who is who"`
	Tables tablesConfig `embed:"" prefix:"tables-" group:"Tables"`

	Feed       string        `enum:"auto,push,sweep" default:"auto" help:"How changes in Teams are learnt: ${enum}. Push is told of them, for 650 people per communication user, and needs users and a public URL; sweep asks, for everybody; auto is told where there are users, and asks for everybody else."`
	SweepEvery time.Duration `default:"0s" help:"Time between two sweeps. 0s plans it from the number of people."`

	SweepBudget    int           `default:"500" help:"Reads of presence in 30 seconds at most. Graph takes 1,500 requests of an application in that time."`
	ReconcileEvery time.Duration `default:"5m" help:"Time between two reads of those of whom a subscription tells."`
	RenewEvery     time.Duration `default:"0s" help:"Longest time between two renewals of a presence subscription. 0s goes by what Graph grants."`

	Direction string        `enum:"both,teams-to-pbx,pbx-to-teams" default:"both" help:"Which way presence is carried: ${enum}."`
	Groups    groups        `placeholder:"YAML" help:"People for whom that or the tables are different: a list of {name, people, pbx_groups, direction, tables}, the first one that holds a person counts."`
	Settle    time.Duration `default:"15s" help:"How long a side may take to show a write."`
	Pace      time.Duration `default:"1s" help:"Time between two writes of one kind for a person. What changes meanwhile is carried after it, once."`

	Canary canaryConfig `embed:"" prefix:"canary-" group:"Canary"`
}

type pbxConfig struct {
	Path          string        `default:"/pbx" help:"Path that the PBXs dial: the URL of the App object without its last part."`
	App           string        `default:"innovaphone-microsoft365" help:"Last part of the URL of the App object."`
	Password      secret        `placeholder:"SECRET" help:"Password of the App object, at most 15 characters."`
	Master        string        `help:"Name of the master PBX. Without one it is the first PBX that offers its users."`
	Licence       string        `default:"App(innovaphone-microsoft365)" help:"Licence that a user must hold; off for none."`
	LicenceEvery  time.Duration `default:"10m" help:"Time between two checks of a licence."`
	Contact       string        `default:"tel:" help:"Presence contact that is read and written."`
	AlienCalls    string        `enum:"impersonated,direct,off" default:"impersonated" help:"How a call in Teams is shown: ${enum}. Off shows busy."`
	CountDialling bool          `help:"Count an outgoing call from its first digit."`
	Calls         string        `enum:"pbx,users,off" default:"pbx" help:"Where calls are learnt from: ${enum}. Off goes by the word on-the-phone."`

	ReconnectWithin time.Duration `default:"1m" help:"Time in which a PBX that was lost is expected back, before its light turns red and its calls count as over."`
	ProxyHeader     string        `placeholder:"NAME" help:"Header in which a reverse proxy tells where a PBX comes from, such as X-Forwarded-For."`

	ContactUnnamed   bool     `help:"Leave the contact out of what is written."`
	PhoneContact     string   `help:"Presence contact whose on-the-phone counts where calls do not. Any if not given." placeholder:"CONTACT"`
	PresenceOnMaster bool     `help:"Watch and set the presence of all users on the master."`
	WatchHidden      bool     `help:"Watch users who hide their presence from the App object in their own name (PbxImpersonation)."`
	AlienCallsUnseen bool     `help:"The PBX does not tell of alien calls, so every call it tells of is a real one."`
	HarmlessCodes    nameList `placeholder:"CODE,..." help:"Error codes of the PBX that are no failures."`
	CheckLogin       string   `enum:"empty,as-sent,off" default:"empty" help:"What the question for the right password hashes: ${enum}."`
}

// address returns where a PBX dials from: what the last proxy says, or the other end of
// the connection.
func (c pbxConfig) address(r *http.Request) string {
	told := r.Header.Values(c.ProxyHeader)
	if c.ProxyHeader == "" || len(told) == 0 {
		return r.RemoteAddr
	}
	last := told[len(told)-1]
	return strings.TrimSpace(last[strings.LastIndex(last, ",")+1:])
}

type canaryConfig struct {
	User   string        `placeholder:"NAME" help:"PBX user of a linked test pair that nobody else uses. Its presence is changed on each side in turn, and the time is measured until the other side shows it."`
	Every  time.Duration `default:"5m" help:"Time between two rounds."`
	Within time.Duration `default:"1m" help:"How long the other side may take."`
}

type graphConfig struct {
	Cloud           string `enum:"global,usgov,usgov-dod,china" default:"global" help:"Microsoft cloud of the tenant: ${enum}. It sets endpoint and authority."`
	Tenant          string `placeholder:"ID" help:"Directory (tenant) id."`
	ClientID        string `name:"client-id" placeholder:"ID" help:"Application (client) id."`
	ClientSecret    secret `placeholder:"SECRET" help:"Client secret of the application."`
	Certificate     string `placeholder:"FILE" help:"Certificate of the application with its key (PEM or PKCS#12), instead of a secret."`
	CertificatePass secret `name:"certificate-password" placeholder:"SECRET" help:"Password of the certificate file."`
	Identity        string `enum:"none,workload,system-assigned,user-assigned" default:"none" help:"Identity of the place where the service runs, instead of a secret: workload (a federated token), or a managed identity of Azure. ${enum}."`
	TokenFile       string `placeholder:"FILE" help:"Federated token of a workload identity. Defaults to AZURE_FEDERATED_TOKEN_FILE."`
	UserClientID    string `name:"user-client-id" placeholder:"ID" help:"Application (client) id that communication users sign in to. Defaults to graph-client-id; a managed identity needs another."`
	SignInKey       secret `name:"sign-in-key" placeholder:"SECRET" help:"What stored sign-ins are encrypted with, at least 16 characters. Made beside the store where there is none."`
	Endpoint        string `placeholder:"URL" help:"Microsoft Graph, other than that of the cloud."`
	Authority       string `placeholder:"URL" help:"Sign-in authority, other than that of the cloud."`
	NotifySecret    secret `placeholder:"SECRET" help:"What Graph has to show with each notification is made from this. A new one replaces it. Defaults to the newest of the keys for notifications."`
	NotifyKey       string `placeholder:"FILE" help:"Keys for encrypted notifications (PEM), the newest is used. Made beside the store where it does not exist, and renewed before its end."`
}

type peopleConfig struct {
	Table     string        `placeholder:"FILE" help:"CSV file with PBX name, guid or Long Name; and object id, UPN or mail."`
	Every     time.Duration `default:"10m" help:"Time between two looks at what has changed among the people."`
	FullEvery time.Duration `default:"1h" help:"Time between two reads of the whole list of people."`
}

type tablesConfig struct {
	ToPBX   map[string]string `name:"to-pbx" yaml:"to_pbx" placeholder:"ACTIVITY=WORD" help:"Rows that replace the default ones, Teams to PBX. Example: InAMeeting=busy"`
	ToTeams map[string]string `name:"to-teams" yaml:"to_teams" placeholder:"WORD=PAIR" help:"Rows that replace the default ones, PBX to Teams. Example: lunch=BeRightBack/BeRightBack 2h"`
	Call    string            `help:"What Teams shows during a call on the PBX." placeholder:"PAIR"`
}
