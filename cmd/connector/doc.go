// Command connector keeps the presence of people the same in Microsoft Teams and
// on an innovaphone PBX.
//
//	connector demo                              everything at work, against simulated systems
//	connector chaos                             the same while everything goes wrong, and what became of it
//	connector serve --config file.yaml          the service
//	connector explain NAME --config file.yaml   why a person shows what they show
//	connector release --config file.yaml        takes back everything the store remembers
//	connector tables --config file.yaml         the tables in force
//	connector version                           what the program was built from
//
// Every setting is a flag, a key of the configuration file and an environment
// variable: --graph-tenant, graph: {tenant: …} and CONNECTOR_GRAPH_TENANT are the
// same. A flag wins over the environment, the environment over the file. See
// connector serve --help for all of them. The demo and the chaos take flags only.
//
// The exit status is 0, or 1 with a line on standard error that says why, and what to do.
package main
