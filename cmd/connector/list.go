package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"strings"

	"go.yaml.in/yaml/v3"
)

// readList reads a setting that has several values: a YAML list, or one value, or names with
// commas between.
func readList(text []byte) ([]*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil || len(doc.Content) == 0 {
		return nil, err
	}
	return listItems(doc.Content[0]), nil
}

// listItems are the values that a node stands for.
func listItems(node *yaml.Node) (items []*yaml.Node) {
	switch node.Kind {
	case yaml.SequenceNode:
		return node.Content
	case yaml.ScalarNode:
		for _, name := range strings.Split(node.Value, ",") {
			items = append(items, &yaml.Node{Kind: yaml.ScalarNode, Value: strings.TrimSpace(name)})
		}
		return items
	}
	return []*yaml.Node{node}
}

// yamlText is a list of the configuration file as a text that readList reads.
func yamlText(list *yaml.Node) (string, error) {
	var text bytes.Buffer
	err := yaml.NewEncoder(&text).Encode(list)
	return text.String(), err
}

// readKeys reads a mapping into the values of its keys. An underscore is as good as a dash. Everything
// that is wrong is named at once, and no value is quoted.
func readKeys(node *yaml.Node, keys map[string]any) error {
	if node.Kind != yaml.MappingNode {
		return errors.New("expected keys with values")
	}
	var wrong []error
	seen := map[string]bool{}
	for i := 0; i < len(node.Content); i += 2 {
		key, content := node.Content[i].Value, node.Content[i+1]
		value, known := keys[flagName(key)]
		if !known {
			wrong = append(wrong, fmt.Errorf("there is no key %s%s", key, keyHint(key, maps.Keys(keys), wordsLike)))
		} else if seen[flagName(key)] {
			wrong = append(wrong, fmt.Errorf("%s stands there twice", key))
		} else if err := readValue(content, value); err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", key, err))
		}
		seen[flagName(key)] = true
	}
	return errors.Join(wrong...)
}

func readValue(node *yaml.Node, value any) error {
	switch value.(type) {
	case *string, *secret:
		if node.Kind != yaml.ScalarNode {
			return errors.New("it has one value")
		}
	}
	return node.Decode(value)
}

// nameList is a setting that has several names.
type nameList []string

// UnmarshalText adds names.
func (l *nameList) UnmarshalText(text []byte) error {
	items, err := readList(text)
	if err != nil {
		return fmt.Errorf("no list: %w", err)
	}
	return l.add(items)
}

// UnmarshalYAML adds names.
func (l *nameList) UnmarshalYAML(node *yaml.Node) error { return l.add(listItems(node)) }

func (l *nameList) add(items []*yaml.Node) error {
	for i, item := range items {
		switch {
		case item.Kind != yaml.ScalarNode:
			return fmt.Errorf("number %d is no name", i+1)
		case item.Value == "":
			return fmt.Errorf("number %d is empty", i+1)
		}
		*l = append(*l, item.Value)
	}
	return nil
}
