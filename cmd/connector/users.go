package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"go.yaml.in/yaml/v3"
)

// communicationUser is an account that a presence subscription belongs to. Without a
// password somebody signs it in once, with a code in a browser.
type communicationUser struct {
	UPN      string
	Password secret
}

// String leaves out the password.
func (u communicationUser) String() string { return u.UPN }

// LogValue leaves out the password.
func (u communicationUser) LogValue() slog.Value { return slog.StringValue(u.UPN) }

// communicationUsers are read from names with commas between, or from a YAML list of
// names and of mappings {upn, password}.
type communicationUsers []communicationUser

// UnmarshalText reads the setting. Its errors quote nothing of it.
func (u *communicationUsers) UnmarshalText(text []byte) error {
	*u = nil
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return errors.New("no list of sign-in names")
	}
	if len(doc.Content) == 0 {
		return nil
	}
	top := doc.Content[0]
	items := []*yaml.Node{top}
	switch {
	case top.Kind == yaml.SequenceNode:
		items = top.Content
	case top.Kind == yaml.ScalarNode:
		items = nil
		for _, name := range strings.Split(top.Value, ",") {
			items = append(items, &yaml.Node{Kind: yaml.ScalarNode, Value: name})
		}
	}
	for i, item := range items {
		user, err := readUser(item)
		if err != nil {
			return fmt.Errorf("number %d: %w", i+1, err)
		}
		*u = append(*u, user)
	}
	return nil
}

// readUser reads a name, or a mapping with the keys upn and password.
func readUser(node *yaml.Node) (communicationUser, error) {
	var user communicationUser
	switch node.Kind {
	case yaml.ScalarNode:
		user.UPN = strings.TrimSpace(node.Value)
	case yaml.MappingNode:
		for i := 0; i < len(node.Content); i += 2 {
			key, value := node.Content[i].Value, node.Content[i+1]
			if value.Kind != yaml.ScalarNode {
				return user, fmt.Errorf("%s has one value", key)
			}
			switch key {
			case "upn":
				user.UPN = strings.TrimSpace(value.Value)
			case "password":
				if err := user.Password.UnmarshalText([]byte(value.Value)); err != nil {
					return user, err
				}
			default:
				return user, fmt.Errorf("there is no key %s%s", key, didYouMean(key, []string{"upn", "password"}))
			}
		}
	default:
		return user, errors.New("expected a sign-in name, or upn and password")
	}
	if user.UPN == "" {
		return user, errors.New("upn is missing: the sign-in name of the account")
	}
	return user, nil
}

// usersDiffer refuses an account that stands there twice.
func (c config) usersDiffer() error {
	seen := map[string]bool{}
	for _, user := range c.Users {
		name := strings.ToLower(user.UPN)
		if seen[name] {
			return c.wrong("users", "names %s twice", user.UPN)
		}
		seen[name] = true
	}
	return nil
}

// yamlText is a node of the configuration file as a text that UnmarshalText reads.
func yamlText(node *yaml.Node) (string, error) {
	var text bytes.Buffer
	err := yaml.NewEncoder(&text).Encode(node)
	return text.String(), err
}
