package main

import (
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

// communicationUsers are a list of names and of mappings {upn, password}.
type communicationUsers []communicationUser

// UnmarshalText adds users. Its errors quote nothing of the text.
func (u *communicationUsers) UnmarshalText(text []byte) error {
	items, err := readList(text)
	if err != nil {
		return errors.New("no list of sign-in names")
	}
	var wrong []error
	for i, item := range items {
		user, err := readUser(item)
		if err != nil {
			wrong = append(wrong, each(fmt.Sprintf("number %d", i+1), err))
		}
		*u = append(*u, user)
	}
	return errors.Join(wrong...)
}

// readUser reads a name, or a mapping with the keys upn and password.
func readUser(node *yaml.Node) (communicationUser, error) {
	var user communicationUser
	switch node.Kind {
	case yaml.ScalarNode:
		user.UPN = node.Value
	case yaml.MappingNode:
		if err := readKeys(node, map[string]any{"upn": &user.UPN, "password": &user.Password}); err != nil {
			return user, err
		}
		user.UPN = strings.TrimSpace(user.UPN)
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
