package defenses

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// decodeStrictly decodes one JSON value into v and refuses keys that v lacks.
func decodeStrictly(data []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) && kind.Field != "" {
			return fmt.Errorf("%s is a %s: it must be a %s", kind.Field, kind.Value, kind.Type)
		}
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one value")
	}
	return nil
}

// UnmarshalJSON reads the list documented at Stack. It does not validate it.
func (s *Stack) UnmarshalJSON(data []byte) error {
	var entries []json.RawMessage
	if err := decodeStrictly(data, &entries); err != nil {
		return fmt.Errorf("a stack must be a list of defenses: %w", err)
	}
	var stack Stack
	for _, entry := range entries {
		if err := stack.read(entry); err != nil {
			return err
		}
	}
	*s = stack
	return nil
}

// UnmarshalYAML reads the list documented at Stack, by way of the equivalent JSON.
// It does not validate it.
func (s *Stack) UnmarshalYAML(decode func(any) error) error {
	var tree any
	if err := decode(&tree); err != nil {
		return err
	}
	data, err := json.Marshal(tree)
	if err != nil {
		return err
	}
	return s.UnmarshalJSON(data)
}

// read adds the defense of one entry of the list: a name, or a map from one name
// to settings.
func (s *Stack) read(entry json.RawMessage) error {
	var name string
	if json.Unmarshal(entry, &name) == nil {
		return s.AddDefault(Kind(name))
	}
	var named map[string]json.RawMessage
	if err := json.Unmarshal(entry, &named); err != nil || len(named) != 1 {
		return fmt.Errorf("%s in a stack: each entry must be the name of a defense, or a map from one name to its settings", entry)
	}
	for name, settings := range named {
		if err := s.AddDefault(Kind(name)); err != nil {
			return err
		}
		if len(settings) == 0 || string(settings) == "null" {
			continue
		}
		if err := s.decode(Kind(name), settings); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// decode changes the settings of a defense that the stack has to those in a JSON
// object; settings that it lacks keep their values.
func (s *Stack) decode(kind Kind, settings json.RawMessage) error {
	if _, err := find(kind); err != nil {
		return err
	}
	return decodeStrictly(settings, s.Settings(kind))
}

// Set changes one setting of a defense that the stack has. value is a number, a
// truth value or a text. Set returns an error for unknown keys and values of the
// wrong type, but does not validate ranges.
func (s *Stack) Set(kind Kind, key, value string) error {
	d, err := find(kind)
	if err != nil {
		return err
	}
	if s.Settings(kind) == nil {
		return fmt.Errorf("the stack has no %s", kind)
	}
	content := json.RawMessage(value)
	isText := d.TypeOf(key) == reflect.TypeFor[string]() // 1 may be a text, too
	if isText || !json.Valid(content) {
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		content = text
	}
	settings, err := json.Marshal(map[string]json.RawMessage{key: content})
	if err != nil {
		return err
	}
	return s.decode(kind, settings)
}

// entry is the written form of a defense: its name with all settings.
type entry map[Kind]any

// entries returns the defenses of the stack, in the order of application.
func (s Stack) entries() []entry {
	list := []entry{}
	for _, p := range s.parts {
		list = append(list, entry{p.kind: p.settings})
	}
	return list
}

// MarshalJSON writes the canonical form: the defenses in the order of
// application, each with every setting. An empty stack is the empty list.
func (s Stack) MarshalJSON() ([]byte, error) { return json.Marshal(s.entries()) }

// MarshalYAML writes the canonical form of MarshalJSON.
func (s Stack) MarshalYAML() (any, error) { return s.entries(), nil }
