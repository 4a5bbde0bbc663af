{{/*
The environment of a component: one entry for each variable its service reads, as files/settings.yaml lists them (drawn
from the services' own Settings). Takes {root, name}. A required setting that has no value fails the rendering.
*/}}
{{- define "hashtill.environment" -}}
{{- $root := .root -}}
{{- $name := .name -}}
{{- $component := index $root.Values.components $name -}}
{{- $own := default dict $component.settings -}}
{{- $shared := merge dict $root.Values.settings (include "hashtill.derived" $root | fromYaml) -}}
{{- range index ($root.Files.Get "files/settings.yaml" | fromYaml) $name }}
{{- if eq .kind "database" }}
{{- include "hashtill.database" (dict "root" $root "name" $name "component" $component "variable" .variable) }}
{{- else if eq .kind "nats" }}
{{- include "hashtill.nats" (dict "root" $root "variable" .variable) }}
{{- else if eq .kind "secret" }}
{{- include "hashtill.secret" (dict "variable" .variable "secret" (include "hashtill.secrets" $root) "key" .key "optional" (not .required)) }}
{{- else if eq .kind "listen" }}
- name: {{ .variable }}
  value: {{ printf "0.0.0.0:%v" .port | quote }}
{{- else if eq .kind "target" }}
- name: {{ .variable }}
  value: {{ printf "dns:///%s-%s.%s.svc.%s:%v" (include "hashtill.fullname" $root) .peer $root.Release.Namespace $root.Values.clusterDomain .port | quote }}
{{- else }}
{{- $given := ternary $own (merge dict $own $shared) (default false .own) }}
{{- $value := get $given .name }}
{{- if and (hasKey $given .name) (not (kindIs "invalid" $value)) }}
- name: {{ .variable }}
  value: {{ ternary $value (toJson $value) (kindIs "string" $value) | quote }}
{{- else if .required }}
{{- $where := ternary (printf "components.%s.settings" $name) "settings" (default false .own) }}
{{- fail (printf "%s.%s is not set, and %s needs it. %s" $where .name $name .description) }}
{{- end }}
{{- end }}
{{- end }}
{{- if or (hasKey $own "otlp_endpoint") (hasKey $shared "otlp_endpoint") }}
{{- include "hashtill.resource" $root }}
{{- end }}
{{- end -}}

{{/* Settings that follow from others; whoever names one of them wins. */}}
{{- define "hashtill.derived" -}}
{{- with .Values.settings.pages_url }}
x_redirect_uri: {{ printf "%s/link/callback" (trimSuffix "/" .) | quote }}
return_origins: {{ trimSuffix "/" . | quote }}
{{- end }}
{{- end -}}

{{- define "hashtill.secrets" -}}
{{- required "secrets.existingSecret is not set. Create a Secret with the keys that the chart's README lists, and name it." .Values.secrets.existingSecret -}}
{{- end -}}

{{/* A variable out of a Secret; takes {variable, secret, key, optional}. */}}
{{- define "hashtill.secret" }}
- name: {{ .variable }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret | quote }}
      key: {{ .key | quote }}
      {{- if .optional }}
      optional: true
      {{- end }}
{{- end -}}

{{/*
The service's database: a whole address out of a Secret (the component's own, an operator's for instance, comes first), or
one put together from postgresql.host and a password; such a password must need no escaping in an address.
*/}}
{{- define "hashtill.database" -}}
{{- $postgresql := .root.Values.postgresql -}}
{{- $own := default dict .component.database -}}
{{- $secret := default (default (include "hashtill.secrets" .root) $postgresql.existingSecret) $own.existingSecret -}}
{{- if and $postgresql.host (not $own.existingSecret) }}
{{- include "hashtill.secret" (dict "variable" "DATABASE_PASSWORD" "secret" $secret "key" (printf "%s-database-password" .name)) }}
- name: {{ .variable }}
  value: {{ printf "postgresql://hashtill_%s:$(DATABASE_PASSWORD)@%s:%v/hashtill_%s" .name $postgresql.host $postgresql.port .name | quote }}
{{- else }}
{{- include "hashtill.secret" (dict "variable" .variable "secret" $secret "key" (default (printf "%s-database-url" .name) $own.key)) }}
{{- end }}
- name: PGSSLMODE
  value: {{ $postgresql.sslMode | quote }}
{{- end -}}

{{- define "hashtill.nats" -}}
{{- if .root.Values.nats.url }}
- name: {{ .variable }}
  value: {{ .root.Values.nats.url | quote }}
{{- else }}
{{- include "hashtill.secret" (dict "variable" .variable "secret" (default (include "hashtill.secrets" .root) .root.Values.nats.existingSecret) "key" "nats-url") }}
{{- end }}
{{- end -}}

{{/* Where a span comes from, for a collector. */}}
{{- define "hashtill.resource" }}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: OTEL_RESOURCE_ATTRIBUTES
  value: {{ printf "k8s.namespace.name=%s,k8s.pod.name=$(POD_NAME),service.version=%s" .Release.Namespace .Chart.AppVersion | quote }}
{{- end -}}
