// Package connector is the root of a library that keeps a person's presence the same
// in Microsoft Teams and on an innovaphone PBX, in both directions. It holds no code;
// start with the package that fits what you build.
//
//   - [github.com/pbx365/connector/presence]: the words of both sides, the tables, and
//     the decision. Pure.
//   - [github.com/pbx365/connector/presence/bridge]: the engine. It links people and
//     moves presence between two ports that it defines.
//   - [github.com/pbx365/connector/match]: who is who. Pure.
//   - [github.com/pbx365/connector/store]: what is remembered, with back-ends in memory
//     and in one file, and a test suite for your own.
//   - [github.com/pbx365/connector/graph]: Microsoft Graph: people, presence,
//     subscriptions, and two feeds of changes.
//   - [github.com/pbx365/connector/pbx]: the websocket that an innovaphone PBX dials.
//   - [github.com/pbx365/connector/graph/graphtest] and
//     [github.com/pbx365/connector/pbx/pbxtest]: a simulated Microsoft 365 tenant and
//     simulated PBXs, to try all of this without either.
//   - [github.com/pbx365/connector/cmd/connector]: the service for administrators.
//
// The first program is in examples/embed: the engine between both sides, embedded in
// another program, against the simulators.
package connector
