{{/* What the pods of Deployments and Jobs share: the "restricted" Pod Security Standard, kept whole. */}}

{{/* Pod-level fields; takes the root. */}}
{{- define "hashtill.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .Values.pods.runAsUser }}
  runAsGroup: {{ .Values.pods.runAsUser }}
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . | quote }}
{{- end }}
{{- end }}
{{- with .Values.pods.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.pods.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.pods.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
volumes:
  - name: tmp
    emptyDir:
      sizeLimit: 64Mi
{{- end -}}

{{/* Fields of a service's one container; takes {root, name}. */}}
{{- define "hashtill.service" -}}
{{- $resources := default .root.Values.defaults.resources (index .root.Values.components .name).resources -}}
{{- include "hashtill.container" (dict "root" .root "resources" $resources "environment" (include "hashtill.environment" .)) -}}
{{- end -}}

{{/* Fields of any container; takes {root, resources, environment}. */}}
{{- define "hashtill.container" -}}
image: {{ include "hashtill.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
resources: {{- toYaml .resources | nindent 2 }}
env: {{- .environment | trim | nindent 2 }}
volumeMounts:
  - name: tmp
    mountPath: /tmp
{{- end -}}
